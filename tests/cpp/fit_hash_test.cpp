// Whole fits, hashed: the same bits for every number of threads, on every instruction set, from every compiler, and the
// same as yesterday.
//
//     FASTGD_SIMD=avx2 fit_hash_test avx2 tests/golden/fit_hashes.txt
//
// Without the file it prints the lines that belong into it; with `one` behind the file one number of threads is tried.
// Data come from Philox alone.

#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "fastgd/fastgd.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/philox.hpp"

namespace {

using namespace fastgd;

constexpr int kRows = 2100;
constexpr int kColumns = 1100;
constexpr int kClasses = 3;

std::uint64_t draw(std::uint64_t at) { return philox({at / 4, 0, 0, 0}, {42, 7})[at % 4]; }

// Bytes, and the same values scaled to [-1, 1) as floats and doubles: exact in each.
struct Data {
    std::vector<std::uint8_t> bytes;
    std::vector<float> floats;
    std::vector<double> doubles;
    std::vector<float> labels;
    std::vector<double> labels64;
    std::vector<float> classes;
    std::vector<float> weights;
    // CSR rows of the largest of these floats, about one in sixteen.
    std::vector<float> values;
    std::vector<std::int32_t> indices;
    std::vector<std::int32_t> offsets{0};

    Data() {
        for (int i = 0; i < kRows * kColumns; ++i) {
            const auto byte = static_cast<std::uint8_t>(draw(static_cast<std::uint64_t>(i)) >> 56);
            bytes.push_back(byte);
            doubles.push_back((byte - 128) / 128.0);
            floats.push_back(static_cast<float>(doubles.back()));
        }
        for (int i = 0; i < kRows * kColumns; ++i) {
            const float value = floats[static_cast<std::size_t>(i)];
            if (value >= 0.9375F || value < -0.9375F) {
                values.push_back(value);
                indices.push_back(i % kColumns);
            }
            if (i % kColumns == kColumns - 1) offsets.push_back(static_cast<std::int32_t>(values.size()));
        }
        for (int r = 0; r < kRows; ++r) {
            const int sum =
                bytes[static_cast<std::size_t>(r * kColumns)] + bytes[static_cast<std::size_t>(r * kColumns + 1)];
            labels.push_back(sum > 255 ? 1.0F : -1.0F);
            labels64.push_back(labels.back());
            classes.push_back(static_cast<float>(sum % kClasses));
            weights.push_back(static_cast<float>(draw(static_cast<std::uint64_t>(r) + (1U << 30)) >> 62));
        }
    }
};

std::uint64_t hash(const std::vector<double>& values) {
    std::uint64_t h = 0xCBF29CE484222325;
    for (const double value : values) {
        std::uint64_t bits;
        std::memcpy(&bits, &value, sizeof bits);
        for (int i = 0; i < 8; ++i) h = (h ^ ((bits >> (8 * i)) & 0xFF)) * 0x100000001B3;
    }
    return h;
}

struct Case {
    std::string name;
    const Objective* objective;
    DescentOptions options;
    // Zeros where it is empty.
    std::vector<double> start{};
};

std::uint64_t fit(const Case& test, int n_threads) {
    DescentOptions options = test.options;
    options.max_epochs = 3;
    options.tol.reset();
    options.seed = 5;
    options.n_threads = n_threads;
    std::vector<double> start = test.start;
    start.resize(static_cast<std::size_t>(test.objective->n_params()));
    return hash(minimize(*test.objective, start, options).x);
}

std::map<std::string, std::uint64_t> read_golden(const char* path) {
    std::map<std::string, std::uint64_t> golden;
    std::ifstream file(path);
    std::string name;
    std::string value;
    while (file >> name >> value)
        if (name.rfind("cpp-", 0) == 0) golden[name] = std::stoull(value, nullptr, 16);
    return golden;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) {
        std::puts("usage: fit_hash_test ISA [HASHES [one]]");
        return 2;
    }
    try {
        if (simd_level() != argv[1]) {
            std::printf("asked for %s, but %s runs\n", argv[1], std::string(simd_level()).c_str());
            return 1;
        }
    } catch (const std::invalid_argument& error) {
        std::printf("not on this machine: %s\n", error.what());
        return 77;
    }
    const Data data;
    const MatrixView bytes{data.bytes.data(), kRows, kColumns, kColumns, Storage::u8};
    const MatrixView floats{data.floats.data(), kRows, kColumns, kColumns * 4, Storage::f32};
    const MatrixView doubles{data.doubles.data(), kRows, kColumns, kColumns * 8, Storage::f64};
    const MatrixView csr{
        data.offsets.data(), kRows, kColumns, sizeof(std::int32_t), Storage::csr_f32_i32, data.values.data(),
        data.indices.data()};
    const LinearObjective of_csr(csr, data.labels.data(), {.loss = "log_loss", .alpha = 0.01, .l1_ratio = 0.25});
    const LinearObjective lasso(csr, data.labels.data(), {.loss = "log_loss", .alpha = 0.01, .l1_ratio = 1.0});
    const LinearObjective log_loss(floats, data.labels.data(), {.loss = "log_loss", .alpha = 0.01});
    const LinearObjective sparse(floats, data.labels.data(), {.loss = "huber", .alpha = 0.01, .l1_ratio = 0.5},
                                 data.weights.data());
    const LinearObjective softmax(bytes, data.classes.data(), {.loss = "multinomial", .n_outputs = kClasses});
    const LinearObjective exact(doubles, data.labels64.data(), {.loss = "log_cosh"});
    const MlpObjective relu(floats, data.classes.data(),
                            {.hidden_layer_sizes = {40, 19}, .n_outputs = kClasses, .alpha = 0.01});
    const MlpObjective gelu(csr, data.classes.data(),
                            {.hidden_layer_sizes = {70}, .activation = "gelu", .n_outputs = kClasses, .dropout = 0.25},
                            data.weights.data());
    const MlpObjective tanh64(doubles, data.labels64.data(),
                              {.hidden_layer_sizes = {17}, .activation = "tanh", .loss = "log_loss", .n_outputs = 1});
    // The first columns of the same rows.
    const MatrixView narrow{data.floats.data(), kRows, 21, kColumns * 4, Storage::f32};
    const MatrixView narrow64{data.doubles.data(), kRows, 33, kColumns * 8, Storage::f64};
    const DensityObjective mixture(narrow, {.n_components = 3, .reg_covar = 0.01});
    const DensityObjective diagonal(narrow64, {.n_components = 4, .diagonal = true, .standardize = true});
    const auto start_of = [](const MlpObjective& objective) {
        std::vector<std::int64_t> sizes = objective.options().hidden_layer_sizes;
        sizes.insert(sizes.begin(), objective.n_features());
        sizes.push_back(objective.n_outputs());
        return mlp_initial({sizes, objective.options().activation}, 3);
    };
    const std::vector<PerModel> slow{{"lr", {0.01}}};
    const std::vector<PerModel> bytes_rate{{"lr", {1e-6}}};
    const std::vector<PerModel> falling{{"lr", {0.05}}, {"power_t", {0.3}}};
    const std::vector<PerModel> momentum{{"momentum", {0.9}}, {"nesterov", {1.0}}};
    const std::vector<Case> cases{
        {"cpp-f32-log_loss-full", &log_loss, {.schedule = {"constant", slow}}},
        {"cpp-f32-log_loss-rows", &log_loss, {.schedule = {"inverse_scaling", falling}, .batch_size = 1}},
        {"cpp-f32-log_loss-128-nesterov",
         &log_loss,
         {.optimizer_params = momentum, .schedule = {"constant", slow}, .batch_size = 128}},
        {"cpp-f32-huber-l1-weights-32", &sparse, {.schedule = {"constant", slow}, .batch_size = 32}},
        {"cpp-u8-multinomial-128", &softmax, {.schedule = {"constant", bytes_rate}, .batch_size = 128}},
        {"cpp-u8-multinomial-full", &softmax, {.schedule = {"constant", bytes_rate}}},
        {"cpp-csr-log_loss-full", &of_csr, {.schedule = {"constant", slow}}},
        {"cpp-csr-log_loss-l1-rows", &of_csr, {.schedule = {"inverse_scaling", falling}, .batch_size = 1}},
        {"cpp-csr-log_loss-l1-adagrad-16",
         &lasso,
         {.optimizer = "adagrad", .schedule = {"constant", slow}, .batch_size = 16}},
        {"cpp-f32-mlp-relu-128-momentum",
         &relu,
         {.optimizer_params = momentum, .schedule = {"constant", slow}, .batch_size = 128},
         start_of(relu)},
        {"cpp-csr-mlp-gelu-dropout-weights-64-adam",
         &gelu,
         {.optimizer = "adam", .schedule = {"constant", slow}, .batch_size = 64},
         start_of(gelu)},
        {"cpp-f64-mlp-tanh-full", &tanh64, {.schedule = {"constant", slow}}, start_of(tanh64)},
        {"cpp-f32-mixture-full-lbfgs", &mixture, {.optimizer = "lbfgs"}, mixture.initial(3)},
        {"cpp-f64-mixture-diagonal-standardized-64-adam",
         &diagonal,
         {.optimizer = "adam", .schedule = {"constant", slow}, .batch_size = 64},
         diagonal.initial(3)},
        {"cpp-f64-log_cosh-100", &exact, {.schedule = {"inverse_scaling", falling}, .batch_size = 100}},
    };
    const auto golden = argc > 2 ? read_golden(argv[2]) : std::map<std::string, std::uint64_t>();
    int n_failed = 0;
    // The division of labour is that of all levels, and `generic` is slow.
    const bool is_one = simd_level() == "generic" || (argc > 3 && std::string(argv[3]) == "one");
    const std::vector<int> others = is_one ? std::vector<int>{} : std::vector<int>{2, 3, 1};
    for (const Case& test : cases) {
        const std::uint64_t first = fit(test, 7);
        for (const int n_threads : others) {
            if (fit(test, n_threads) == first) continue;
            std::printf("%s: %d threads give other bits\n", test.name.c_str(), n_threads);
            ++n_failed;
        }
        if (argc == 2) {
            std::printf("%s %016" PRIx64 "\n", test.name.c_str(), first);
        } else if (golden.count(test.name) == 0 || golden.at(test.name) != first) {
            std::printf("%s: %016" PRIx64 " is not what %s holds\n", test.name.c_str(), first, argv[2]);
            ++n_failed;
        }
    }
    return n_failed == 0 ? 0 : 1;
}
