#pragma once

// One struct a storage type: what it is computed in, and how 64 bytes' worth of compute lanes are loaded from it, or,
// of a sparse one, where the entries of a row are.

#include "storage/bf16.hpp"
#include "storage/csr.hpp"
#include "storage/f16.hpp"
#include "storage/f32.hpp"
#include "storage/f64.hpp"
#include "storage/i8.hpp"
#include "storage/u8.hpp"
