// Private to those who load a library when it is first wanted, instead of before main().
#pragma once

#include <dlfcn.h>

namespace holdfast::late_library {

// False: the library lacks it.
template <class F>
bool find(void* library, const char* name, F& function) noexcept {
  function = reinterpret_cast<F>(::dlsym(library, name));
  return function != nullptr;
}

// Why a library was not loaded, or find() failed; the name of the file where nobody tells.
inline const char* reason(const char* file_name) noexcept {
  const char* why = ::dlerror();
  return why ? why : file_name;
}

} // namespace holdfast::late_library
