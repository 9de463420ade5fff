#include "runtime/cpu_limit.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <string_view>
#include <thread>
#include <vector>

#if defined(__linux__)
#include <sched.h>

#include <cerrno>
#endif

namespace fastgd {
namespace {

bool starts_with_path(const std::string& path, const std::string& prefix) {
    return prefix == "/" || path == prefix || path.rfind(prefix + "/", 0) == 0;
}

bool has_item(const std::string& comma_list, std::string_view item) {
    std::istringstream items(comma_list);
    for (std::string one; std::getline(items, one, ',');)
        if (one == item) return true;
    return false;
}

// One mounted hierarchy that can limit processors, and where in it this process is.
struct Hierarchy {
    bool is_v2;
    std::string mount_point;
    std::string mounted_root;  // the group that appears at the mount point
    std::string group;
};

std::vector<Hierarchy> find_mounts(const std::string& root) {
    std::vector<Hierarchy> found;
    std::ifstream file(root + "/proc/self/mountinfo");
    for (std::string line; std::getline(file, line);) {
        const std::size_t separator = line.find(" - ");
        if (separator == std::string::npos) continue;
        std::istringstream left(line.substr(0, separator));
        std::istringstream right(line.substr(separator + 3));
        std::string skipped;
        std::string mounted_root;
        std::string mount_point;
        std::string type;
        std::string options;
        left >> skipped >> skipped >> skipped >> mounted_root >> mount_point;
        right >> type >> skipped >> options;
        if (type == "cgroup2" || (type == "cgroup" && has_item(options, "cpu")))
            found.push_back({type == "cgroup2", mount_point, mounted_root, ""});
    }
    return found;
}

void find_groups(const std::string& root, std::vector<Hierarchy>& hierarchies) {
    std::ifstream file(root + "/proc/self/cgroup");  // lines of "id:controllers:group"; v2 names no controllers
    for (std::string line; std::getline(file, line);) {
        const std::size_t first = line.find(':');
        const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
        if (second == std::string::npos) continue;
        const std::string controllers = line.substr(first + 1, second - first - 1);
        for (Hierarchy& hierarchy : hierarchies)
            if (hierarchy.is_v2 ? controllers.empty() : has_item(controllers, "cpu"))
                hierarchy.group = line.substr(second + 1);
    }
}

// The processors that the quota of one directory amounts to, 0 for none.
int directory_cpus(const std::string& directory, bool is_v2) {
    double quota = 0;
    double period = 0;
    bool is_limited = false;
    if (is_v2) {
        std::ifstream file(directory + "/cpu.max");  // "max 100000" or "150000 100000"
        is_limited = static_cast<bool>(file >> quota >> period);
    } else {
        std::ifstream quota_file(directory + "/cpu.cfs_quota_us");  // -1: none
        std::ifstream period_file(directory + "/cpu.cfs_period_us");
        is_limited = static_cast<bool>(quota_file >> quota) && static_cast<bool>(period_file >> period);
    }
    if (!is_limited || quota <= 0 || period <= 0) return 0;
    return static_cast<int>(std::clamp(std::ceil(quota / period), 1.0, 1e6));
}

}  // namespace

int affinity_cpus() {
#if defined(__linux__)
    // The kernel refuses a mask that is shorter than its own.
    for (int capacity = 1024; capacity <= (1 << 20); capacity *= 4) {
        cpu_set_t* mask = CPU_ALLOC(static_cast<std::size_t>(capacity));
        if (mask == nullptr) break;
        const std::size_t size = CPU_ALLOC_SIZE(static_cast<std::size_t>(capacity));
        CPU_ZERO_S(size, mask);
        const int status = sched_getaffinity(0, size, mask);
        const bool too_short = status != 0 && errno == EINVAL;
        const int count = status == 0 ? CPU_COUNT_S(size, mask) : 0;
        CPU_FREE(mask);
        if (count > 0) return count;
        if (!too_short) break;
    }
#endif
    return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

int cgroup_cpus(const std::string& root) {
    std::vector<Hierarchy> hierarchies = find_mounts(root);
    find_groups(root, hierarchies);
    int least = 0;
    for (const Hierarchy& hierarchy : hierarchies) {
        // In a container the mount may begin below the hierarchy's root, and groups above it cannot be seen.
        std::string below;
        if (starts_with_path(hierarchy.group, hierarchy.mounted_root)) {
            below =
                hierarchy.mounted_root == "/" ? hierarchy.group : hierarchy.group.substr(hierarchy.mounted_root.size());
        }
        while (!below.empty() && below.back() == '/') below.pop_back();
        for (;;) {
            const int cpus = directory_cpus(root + hierarchy.mount_point + below, hierarchy.is_v2);
            if (cpus > 0 && (least == 0 || cpus < least)) least = cpus;
            if (below.empty()) break;
            const std::size_t parent = below.rfind('/');
            below.resize(parent == std::string::npos ? 0 : parent);
        }
    }
    return least;
}

}  // namespace fastgd
