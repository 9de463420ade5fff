#pragma once

#include <chrono>

namespace fastgd {

// How long the calling thread has had a processor: unlike the time on the wall, not longer where it has to share one.
// Time on the wall where the system does not tell.
std::chrono::duration<double> thread_time();

}  // namespace fastgd
