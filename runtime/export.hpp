// What a host may link: everything is compiled with hidden visibility, and what a public header declares is marked with
// this. A private header has no marks, so that the program's inside is no part of the ABI.
#pragma once

// Stands before a function's declaration, or between `class` and the name.
#define HOLDFAST_EXPORT [[gnu::visibility("default")]]
