#pragma once

// Elementary functions of one double, for schedules and initialisers: the same bits on every machine and compiler, as
// no result of a libm that may round either way enters them. Errors are below 1 ulp, for pow also where y * log(x) is
// large; special values are those of C's Annex F. Square roots are std::sqrt, which IEEE 754 fixes.
namespace fastgd::scalar {

double exp(double x);
double log(double x);
double pow(double x, double y);
// cos(pi x): its argument can be reduced without error, that of cos cannot.
double cos_pi(double x);

}  // namespace fastgd::scalar
