#pragma once

#include <string>

namespace fastgd {

// The processors that the scheduler lets this thread use (its affinity mask), at least 1.
int affinity_cpus();

// The processors that the quotas of this process's cgroup and its ancestors (v1 and v2) amount to, rounded up; 0 where
// there is no quota. `root` is put before every path that is read, so that a made-up tree can be asked.
int cgroup_cpus(const std::string& root = "");

}  // namespace fastgd
