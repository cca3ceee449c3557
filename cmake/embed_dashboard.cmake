# Writes the dashboard's sources into one C++ file: cmake -DSOURCE=engine/dashboard -DOUTPUT=file.cpp -P this
set(text "#include <array>\n#include <string_view>\n\nnamespace holdfast {\n\nextern const std::array<std::string_view, 5> dashboard_sources;\n")
string(APPEND text "const std::array<std::string_view, 5> dashboard_sources{\n")
foreach(name IN ITEMS index.html style.css chart.js view.js app.js)
  file(READ "${SOURCE}/${name}" content)
  string(APPEND text "std::string_view{R\"holdfast(" "${content}" ")holdfast\"},\n")
endforeach()
string(APPEND text "};\n\n} // namespace holdfast\n")
file(WRITE "${OUTPUT}" "${text}")
