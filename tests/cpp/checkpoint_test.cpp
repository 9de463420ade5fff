// Checkpoints that no run has written, as whoever can write a file can make them: each is refused or leads to an end.
// What reads them has no checksum to rely on here.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <stdexcept>
#include <vector>

#include "fastgd/fastgd.hpp"
#include "runtime_check.hpp"

namespace {

using namespace fastgd;

using Bytes = std::vector<std::byte>;

struct Keeper : Observer {
    std::vector<Bytes> kept;
    void checkpoint(std::int64_t, std::span<const std::byte> state) override {
        kept.emplace_back(state.begin(), state.end());
    }
};

struct Kind {
    const char* name;
    DescentOptions options;
    int n_rows = 20;
};

// The last two: more rows than are taken at once, so that checkpoints lie within an epoch.
const Kind kKinds[] = {
    {"adam", {.optimizer = "adam", .batch_size = 4}},
    {"saga", {.optimizer = "saga", .batch_size = 4}},
    {"svrg", {.optimizer = "svrg", .batch_size = 4}},
    {"lbfgs", {.optimizer = "lbfgs", .tol = {}, .gtol = 1e-30}},
    {"barzilai_borwein", {.optimizer = "barzilai_borwein"}},
    {"plateau", {.optimizer = "asgd", .schedule = {"reduce_on_plateau"}, .batch_size = 4}},
    {"within", {.optimizer = "adam", .batch_size = 64}, 10'000},
    {"within, once", {.batch_size = 1, .shuffle = false}, 10'000},
};

std::uint64_t word_at(const Bytes& bytes, std::size_t at) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, sizeof word);
    return word;
}

void put(Bytes& bytes, std::size_t at, std::uint64_t word) { std::memcpy(bytes.data() + at, &word, sizeof word); }

constexpr std::size_t kWord = sizeof(std::uint64_t);

// Calls `make` with what has another number somewhere.
template <class Make>
void forge_numbers(const Bytes& whole, Make&& make) {
    const std::uint64_t numbers[] = {0, 1, ~std::uint64_t{0}, std::uint64_t{1} << 62, 0x7ff8000000000000};
    // Single bytes among the words shift all that follow, so words begin anywhere; of the others every third will do.
    for (std::size_t at = 0; at + kWord <= whole.size(); at += 3)
        for (const std::uint64_t number : numbers) {
            Bytes forged = whole;
            put(forged, at, number);
            make(forged);
        }
}

// Calls `make` with what has an entry more or less in one of the arrays that bring their length, or none: the number of
// their entries, that of their bytes, and they.
template <class Make>
void forge_lengths(const Bytes& whole, Make&& make) {
    for (std::size_t at = 0; at + 2 * kWord <= whole.size(); ++at) {
        const std::uint64_t size = word_at(whole, at);
        const std::size_t begin = at + 2 * kWord;
        if (size == 0 || size > (whole.size() - begin) / kWord || word_at(whole, at + kWord) != size * kWord) continue;
        const auto end = whole.begin() + static_cast<std::ptrdiff_t>(begin + size * kWord);
        const auto first = whole.begin() + static_cast<std::ptrdiff_t>(begin);
        for (const std::uint64_t other : {std::uint64_t{0}, size - 1, size + 1}) {
            Bytes forged(whole.begin(), other < size ? first + static_cast<std::ptrdiff_t>(other * kWord) : end);
            if (other > size) forged.resize(forged.size() + kWord);
            forged.insert(forged.end(), end, whole.end());
            put(forged, at, other);
            put(forged, at + kWord, other * kWord);
            make(forged, other);
        }
    }
}

void test_kind(const Kind& kind) {
    std::vector<double> x(static_cast<std::size_t>(2 * kind.n_rows));
    std::vector<double> y(static_cast<std::size_t>(kind.n_rows));
    for (std::size_t i = 0; i < y.size(); ++i) {
        x[2 * i] = static_cast<double>(i % 7) / 7.0;
        x[2 * i + 1] = static_cast<double>(i % 5) / 5.0;
        y[i] = x[2 * i] - 0.5 * x[2 * i + 1];
    }
    const MatrixView X{x.data(), kind.n_rows, 2, 2 * sizeof(double), Storage::f64};
    const LinearObjective objective(X, y.data(), {.loss = "squared_error", .alpha = 0.01});
    const std::vector<double> start(3);
    DescentOptions options = kind.options;
    options.max_epochs = 3;
    options.n_threads = 1;
    options.checkpoint_seconds = 0.0;
    Keeper keeper;
    const std::vector<double> whole = minimize(objective, start, options, &keeper).x;
    CHECK(!keeper.kept.empty());
    options.checkpoint_seconds = std::numeric_limits<double>::infinity();
    options.max_epochs = 4;
    const auto is_refused = [&](const Bytes& state) {
        options.checkpoint = state;
        try {
            CHECK(minimize(objective, start, options).x.size() == start.size());
        } catch (const std::invalid_argument&) {
            return true;
        }
        return false;
    };
    const Bytes& kept = keeper.kept[keeper.kept.size() / 2];
    int n_numbers = 0;
    int n_refused = 0;
    forge_numbers(kept, [&](const Bytes& forged) {
        ++n_numbers;
        n_refused += is_refused(forged) ? 1 : 0;
    });
    int n_lengths = 0;
    int n_taken = 0;
    // A run that is over at once ends with what it has been given.
    for (const double seconds : {std::numeric_limits<double>::infinity(), 0.0}) {
        options.time_limit = seconds;
        n_lengths = n_taken = 0;
        forge_lengths(kept, [&](const Bytes& forged, std::uint64_t size) {
            ++n_lengths;
            n_taken += !is_refused(forged) && size > 0 ? 1 : 0;
        });
    }
    options.time_limit = std::numeric_limits<double>::infinity();
    for (std::size_t size = 1; size < kept.size(); size += 5)
        CHECK(is_refused(Bytes(kept.begin(), kept.begin() + static_cast<std::ptrdiff_t>(size))));
    std::printf("%s: %zu bytes; of %d other numbers %d refused, %d other lengths\n", kind.name, kept.size(), n_numbers,
                n_refused, n_lengths);
    CHECK(0 < n_refused && n_refused < n_numbers);
    // Of the losses that say whether a model has converged there may be any number, and of what is kept none.
    CHECK(n_taken <= 2 && n_taken < n_lengths);
    options.max_epochs = 3;
    options.checkpoint = kept;
    CHECK(minimize(objective, start, options).x == whole);
}

}  // namespace

int main() {
    for (const Kind& kind : kKinds) test_kind(kind);
    return n_failed == 0 ? 0 : 1;
}
