#pragma once

// What the plain test programs of the run-time layer share: a check that goes on after a failure, and the exit status.

#include <atomic>
#include <cstdio>
#include <string>
#include <string_view>

// Archer, which ThreadSanitizer needs to understand OpenMP, crashes in forked children.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define HAS_ARCHER 1
#endif
#endif

#if (defined(__unix__) || defined(__APPLE__)) && !defined(HAS_ARCHER)
#define HAS_FORK 1
#include <sys/wait.h>
#include <unistd.h>
#endif

inline std::atomic<int> n_failed{0};

inline void check(bool is_true, const char* what, const char* file, int line) {
    if (!is_true) {
        std::fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
        ++n_failed;
    }
}

#define CHECK(...) check((__VA_ARGS__), #__VA_ARGS__, __FILE__, __LINE__)

// What the call throws as an Exception; "" where it throws none.
template <class Exception, class Call>
std::string message_of(Call&& call) {
    try {
        call();
    } catch (const Exception& exception) {
        return exception.what();
    }
    return "";
}

inline bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

#if defined(HAS_FORK)
// Whether `call` returns true in a forked child, within 30 seconds.
template <class Call>
bool in_child(Call&& call) {
    std::fflush(nullptr);
    const pid_t child = fork();
    if (child == 0) {
        alarm(30);
        const int before = n_failed;
        const bool is_true = call();
        std::fflush(nullptr);
        _exit(is_true && n_failed == before ? 0 : 1);
    }
    int status = 0;
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
#endif
