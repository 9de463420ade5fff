#pragma once

// What the activation files share. An activation is a function of one number, element by element:
//   eval<T>(z, value, slope): a = value, da/dz = slope. NaN in z has to reach the value: what is not finite is found
//   there.

#include "fastgd/activation_info.hpp"
#include "simd/math.hpp"
#include "simd/vec.hpp"
