#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "fastgd/errors.hpp"
#include "fastgd/neighbors.hpp"
#include "neighbors/query_group.hpp"
#include "neighbors/screen.hpp"
#include "neighbors/slices.hpp"
#include "runtime/threads.hpp"

namespace fastgd {
namespace {

struct Request {
    const MatrixView& Z;
    std::int64_t k;
    bool without_self;
    int n_threads;
    const std::function<void()>& poll;
};

// How the pairs of queries and rows are shared out: queries in groups, and where they are few the rows in parts.
struct Plan {
    bool in_lists;
    std::int64_t n_queries;
    std::int64_t most_queries;
    std::int64_t n_parts;
    int team;

    std::vector<Search> searches() const {
        std::vector<Search> all;
        for (std::int64_t first = 0; first < n_queries; first += most_queries)
            for (std::int64_t part = 0; part < n_parts; ++part)
                all.push_back({first, std::min(most_queries, n_queries - first), part});
        return all;
    }
};

template <class T>
Plan make_plan(const Screen<T>& screen, const Request& request) {
    // Queries that share each block of rows: enough to make little of reading it, few enough to stay in L2, and sparse
    // rows read them in no order.
    constexpr std::int64_t kMost = 256;
    const std::int64_t panel_bytes = is_sparse(screen.X().storage) ? 1 << 20 : 4 << 20;
    constexpr std::int64_t kCandidateBytes = 16 << 20;
    // Under this many products a second thread costs more than it brings.
    constexpr std::int64_t kSerial = 1 << 21;
    const std::int64_t n_rows = screen.X().n_rows;
    const std::int64_t n_queries = request.Z.n_rows;
    const std::int64_t query_bytes = screen.X().n_cols * static_cast<std::int64_t>(sizeof(T));
    const bool in_lists = QueryLists<T>::suit(screen.X(), request.Z);
    const std::int64_t room =
        std::min(in_lists ? kMost : panel_bytes / query_bytes, kCandidateBytes / Candidates::bytes(request.k));
    const std::int64_t most = std::clamp(room / kUnitPanel<T> * kUnitPanel<T>, kUnitPanel<T>, kMost);
    std::int64_t n_groups = (n_queries + most - 1) / most;
    if (static_cast<double>(n_rows) * static_cast<double>(n_queries) * static_cast<double>(screen.row_work()) < kSerial)
        return {in_lists, n_queries, (n_queries + n_groups - 1) / n_groups, 1, 1};
    const std::int64_t even = round_up(n_groups, request.n_threads);
    if (n_queries >= even * kUnitPanel<T>) n_groups = even;
    const std::int64_t n_blocks = (n_rows + BlockOrder::kRows - 1) / BlockOrder::kRows;
    const std::int64_t n_parts = std::min((request.n_threads + n_groups - 1) / n_groups, n_blocks);
    return {in_lists, n_queries, (n_queries + n_groups - 1) / n_groups, n_parts,
            static_cast<int>(std::min<std::int64_t>(request.n_threads, n_groups * n_parts))};
}

// Where neighbours go: of a query that was searched for in parts of the rows, the nearest of all parts.
class Found {
public:
    Found(std::int64_t n_queries, std::int64_t k, std::int64_t n_parts, double* distances, std::int64_t* indices)
        : k_(k), n_parts_(n_parts), distances_(distances), indices_(indices) {
        if (n_parts > 1) of_parts_.assign(static_cast<std::size_t>(n_queries * n_parts * k), kNone);
    }

    void put(std::int64_t query, std::int64_t part, std::span<const Neighbor> neighbors) {
        if (n_parts_ == 1) return write(query, neighbors);
        std::copy(neighbors.begin(), neighbors.end(), of_parts_.begin() + (query * n_parts_ + part) * k_);
    }
    void merge(std::int64_t n_queries) {
        if (n_parts_ == 1) return;
        for (std::int64_t q = 0; q < n_queries; ++q) {
            const auto first = of_parts_.begin() + q * n_parts_ * k_;
            std::partial_sort(first, first + k_, first + n_parts_ * k_);
            write(q, {first, static_cast<std::size_t>(k_)});
        }
    }

private:
    static constexpr Neighbor kNone{std::numeric_limits<double>::infinity(), std::numeric_limits<std::int64_t>::max()};

    void write(std::int64_t query, std::span<const Neighbor> neighbors) {
        for (std::size_t i = 0; i < neighbors.size(); ++i) {
            const auto at = static_cast<std::size_t>(query * k_) + i;
            distances_[at] = std::sqrt(neighbors[i].square);
            indices_[at] = neighbors[i].row;
        }
    }

    std::int64_t k_;
    std::int64_t n_parts_;
    double* distances_;
    std::int64_t* indices_;
    std::vector<Neighbor> of_parts_;
};

// Makes the searches, and returns those that products in T are of no use for. No distances may be computed in vain for
// more than so many rows a query.
template <class T>
std::vector<Search> make_searches(const Screen<T>& screen, const Request& request, const Plan& plan,
                                  const std::vector<Search>& searches, std::int64_t most_settled, Found& found) {
    struct Worker {
        QueryGroup<T> group;
        bool busy = false;
        bool gave_up = false;
    };
    std::vector<Worker> workers;
    workers.reserve(static_cast<std::size_t>(plan.team));
    for (int w = 0; w < plan.team; ++w)
        workers.push_back({QueryGroup<T>(screen, request.Z, plan.in_lists, request.k, request.without_self,
                                         plan.n_parts, plan.most_queries, most_settled)});
    const auto n_searches = std::ssize(searches);
    std::atomic<std::int64_t> next{0};
    std::atomic<bool> finite{true};
    std::atomic<bool> of_use{true};
    in_slices(plan.team, request.poll, [&](int w) {
        Worker& worker = workers[static_cast<std::size_t>(w)];
        if (!finite || worker.gave_up) return false;
        if (!worker.busy) {
            const std::int64_t taken = of_use ? next++ : n_searches;
            if (taken >= n_searches) return false;
            if (!worker.group.begin(searches[static_cast<std::size_t>(taken)])) finite = false;
            worker.busy = true;
            return true;
        }
        worker.busy = worker.group.step([&](std::int64_t query, std::span<const Neighbor> neighbors) {
            found.put(query, worker.group.search().part, neighbors);
        });
        if (worker.busy && worker.group.gives_up()) {
            worker.gave_up = true;
            of_use = false;
        }
        return true;
    });
    if (!finite) throw NonFiniteError();
    std::vector<Search> left;
    for (const Worker& worker : workers)
        if (worker.gave_up) left.push_back(worker.group.search());
    if (next < n_searches) left.insert(left.end(), searches.begin() + next, searches.end());
    return left;
}

}  // namespace

struct NearestRows::Impl {
    MatrixView X;
    // Dense rows in double have the first one, too, and the second is made when it is needed.
    std::optional<Screen<float>> in_float;
    mutable std::optional<Screen<double>> in_double;
    mutable std::once_flag made_in_double;
    mutable std::atomic<bool> needs_double{false};

    explicit Impl(const MatrixView& data) : X(data) {}

    const Screen<double>& double_screen(int n_threads, const std::function<void()>& poll) const {
        std::call_once(made_in_double, [&] { in_double.emplace(X, n_threads, poll); });
        return *in_double;
    }
};

NearestRows::NearestRows(const MatrixView& X, int n_threads, const std::function<void()>& poll)
    : impl_(std::make_unique<Impl>(X)) {
    if (X.n_rows < 1 || X.n_cols < 1) throw std::invalid_argument("X must have at least one row and one column");
    const int team = n_threads > 0 ? n_threads : max_threads();
    if (is_sparse(X.storage) && computes_in_double(X.storage)) {
        impl_->needs_double = true;
        impl_->double_screen(team, poll);
    } else {
        impl_->in_float.emplace(X, team, poll);
    }
}
NearestRows::~NearestRows() = default;
NearestRows::NearestRows(NearestRows&&) noexcept = default;
NearestRows& NearestRows::operator=(NearestRows&&) noexcept = default;

std::int64_t NearestRows::n_rows() const { return impl_->X.n_rows; }

void NearestRows::query(const MatrixView& Z, std::int64_t k, bool without_self, double* distances,
                        std::int64_t* indices, int n_threads, const std::function<void()>& poll) const {
    const MatrixView& X = impl_->X;
    const std::int64_t most = X.n_rows - (without_self ? 1 : 0);
    if (Z.n_cols != X.n_cols)
        throw std::invalid_argument("Z must have " + std::to_string(X.n_cols) + " columns, got " +
                                    std::to_string(Z.n_cols));
    if (k < 1 || k > most)
        throw std::invalid_argument("k must be from 1 to " + std::to_string(most) + ", got " + std::to_string(k));
    if (Z.n_rows == 0) return;
    const Request request{Z, k, without_self, n_threads > 0 ? n_threads : max_threads(), poll};
    constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max() / (1 << 20);
    std::optional<Plan> plan;
    std::vector<Search> searches;
    std::optional<Found> found;
    const auto begin = [&](const auto& screen) {
        if (plan) return;
        plan = make_plan(screen, request);
        searches = plan->searches();
        found.emplace(Z.n_rows, k, plan->n_parts, distances, indices);
    };
    if (!impl_->needs_double) {
        begin(*impl_->in_float);
        // As many distances as take half the time of all products in double.
        const std::int64_t most_settled = X.storage == Storage::f64 ? X.n_rows / 32 + 16 * k + 256 : kNever;
        searches = make_searches(*impl_->in_float, request, *plan, searches, most_settled, *found);
        if (!searches.empty()) impl_->needs_double = true;
    }
    if (impl_->needs_double) {
        const Screen<double>& screen = impl_->double_screen(request.n_threads, poll);
        begin(screen);
        make_searches(screen, request, *plan, searches, kNever, *found);
    }
    found->merge(Z.n_rows);
}

}  // namespace fastgd
