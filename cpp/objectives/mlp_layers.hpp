#pragma once

#include <algorithm>
#include <vector>

#include "objectives/dropout.hpp"
#include "objectives/mlp_shape.hpp"
#include "objectives/problem.hpp"
#include "runtime/aligned_buffer.hpp"
#include "runtime/row_buffer.hpp"

namespace fastgd {

// The hidden layers of a perceptron on some rows: what units hold, what they are to become, and the products in
// between. Every product takes a range of units, so that threads can share a layer; each element is one sum in a fixed
// order. `look()` is called every few milliseconds of them; what it throws leaves the layer half done.
template <class T>
class MlpLayers {
public:
    using Layer = typename MlpShape<T>::Layer;

    MlpLayers(const Problem<T>& problem, const MlpShape<T>& shape, ActivationKernel<T> activation,
              std::ptrdiff_t most_rows, bool trains)
        : problem_(&problem), shape_(&shape), activation_(activation), trains_(trains) {
        for (const Layer& layer : shape.hidden()) {
            value_.emplace_back(most_rows, layer.padded);
            slope_.emplace_back(trains ? most_rows : 0, layer.padded);
        }
    }

    // What belongs to a thread alone.
    struct Room {
        RowBuffer<T> wide;
        AlignedBuffer<T> turned;
        AlignedBuffer<T> grad;

        Room(const Problem<T>& problem, const MlpShape<T>& shape, std::ptrdiff_t most_rows, bool trains) {
            std::ptrdiff_t most_units = 0;
            for (const Layer& layer : shape.hidden()) most_units = std::max(most_units, layer.padded);
            if (is_narrow(problem) || collides(problem))
                wide = RowBuffer<T>(most_rows, std::min(kBlock, problem.X.n_cols));
            if (!trains) return;
            turned =
                AlignedBuffer<T>(shape.hidden().size() > 1 ? static_cast<std::size_t>(most_units * kUnitPanel<T>) : 0);
            grad = AlignedBuffer<T>(static_cast<std::size_t>(kChunk * kUnitPanel<T>));
        }
    };

    int count() const { return static_cast<int>(shape_->hidden().size()); }
    // What the layer above is fed with: the rows themselves below the first one.
    Rows inputs(int l, const Rows& rows) const { return l == 0 ? rows : of(value_, l - 1).rows(0, rows.count); }
    Rows outputs(std::ptrdiff_t first, std::ptrdiff_t n) const { return value_.back().rows(first, n); }
    RowBuffer<T>& top_slope() { return slope_.back(); }

    // Values and slopes of units first..last of layer l; false where one is not finite before its activation.
    template <class Look>
    bool forward(Room& room, int l, const T* params, const Rows& rows, std::ptrdiff_t first, std::ptrdiff_t last,
                 Look&& look) {
        const Layer& layer = of(shape_->hidden(), l);
        AffineCall<T> call{};
        call.input_step = 1;
        call.first = first;
        call.last = last;
        call.weight = params + layer.weight;
        call.panel_stride = layer.panel_stride();
        call.bias = params + layer.bias;
        call.out = of(value_, l).row(0);
        call.out_stride = of(value_, l).stride();
        for (std::ptrdiff_t begin = 0; begin < layer.n_inputs; begin = call.end) {
            look();
            call.begin = begin;
            call.end = is_sparse(l) ? layer.n_inputs : std::min(begin + kBlock, layer.n_inputs);
            call.rows = read(room, l, rows, begin, call.end, is_narrow(*problem_), call.origin);
            kernels(l).affine(call);
            call.accumulate = true;
        }
        return activation_(
            {call.out, trains_ ? of(slope_, l).row(0) : nullptr, call.out_stride, rows.count, first, last});
    }

    // Leaves units out, of values and slopes; the first row is the position-th of its batch.
    void drop(int l, const DropoutStep& masks, std::int64_t position, std::ptrdiff_t n_rows, std::ptrdiff_t first,
              std::ptrdiff_t last) {
        const T factor = static_cast<T>(masks.dropout->factor());
        for (std::ptrdiff_t r = 0; r < n_rows; ++r) {
            T* value = of(value_, l).row(r);
            T* slope = of(slope_, l).row(r);
            masks.dropout->visit(masks.seed, masks.step, l, position + r, of(shape_->hidden(), l).n_units, first, last,
                                 [&](std::int64_t unit, bool stays) {
                                     value[unit] = stays ? value[unit] * factor : T(0);
                                     slope[unit] = stays ? slope[unit] * factor : T(0);
                                 });
        }
    }

    // From derivatives by what layer l holds before its activation, which stand in the place of its slopes, to those of
    // units first..last of the layer below.
    template <class Look>
    void backward(Room& room, int l, const T* params, std::ptrdiff_t n_rows, std::ptrdiff_t first, std::ptrdiff_t last,
                  Look&& look) {
        const Layer& layer = of(shape_->hidden(), l);
        AffineCall<T> call{};
        call.rows = of(slope_, l).rows(0, n_rows);
        call.input_step = 1;
        call.end = layer.n_units;
        call.weight = room.turned.data();
        call.factor = call.out = of(slope_, l - 1).row(0);
        call.out_stride = of(slope_, l - 1).stride();
        for (std::ptrdiff_t unit = first; unit < last; unit += kUnitPanel<T>) {
            look();
            call.first = unit;
            call.last = std::min(unit + kUnitPanel<T>, last);
            turn(layer, params + layer.weight, unit, call.last - unit, room.turned.data());
            problem_->kernels->native().affine(call);
        }
    }

    // The gradient of units first..last of layer l, by and by: emit(stretch, gradient) has to leave zeros behind.
    // `whole` is room for the gradient of all weights of the first layer, for sparse rows alone. What emit throws
    // leaves no zeros, so that this one is of no more use.
    template <class Emit>
    void gradient(Room& room, int l, const Rows& rows, std::ptrdiff_t first, std::ptrdiff_t last, T* whole,
                  Emit&& emit) {
        const Layer& layer = of(shape_->hidden(), l);
        OuterCall<T> call{};
        call.delta_stride = of(slope_, l).stride();
        const std::ptrdiff_t step = is_sparse(l) ? layer.n_inputs : kChunk;
        for (std::ptrdiff_t begin = 0; begin < layer.n_inputs; begin = call.end) {
            call.begin = begin;
            call.end = std::min(begin + step, layer.n_inputs);
            call.rows = read(room, l, rows, begin, call.end, is_narrow(*problem_) || collides(*problem_), call.origin);
            for (std::ptrdiff_t unit = first; unit < last; unit += kUnitPanel<T>) {
                call.delta = of(slope_, l).row(0) + unit;
                call.width = layer.width(unit);
                const std::ptrdiff_t at = unit * layer.n_inputs + begin * call.width;
                call.grad = is_sparse(l) ? whole + at : room.grad.data();
                call.rows.next = rows.next;
                call.next_bytes = l == 0 && unit == first && rows.next != nullptr ? element_bytes() : 0;
                kernels(l).outer(call);
                const std::ptrdiff_t stretch = layer.weight + at;
                emit(Stretch{stretch, stretch + (call.end - begin) * call.width, true}, call.grad);
            }
        }
        for (std::ptrdiff_t unit = first; unit < last; unit += kUnitPanel<T>) {
            const std::ptrdiff_t width = layer.width(unit);
            problem_->kernels->bias_gradient(
                {of(slope_, l).row(0) + unit, of(slope_, l).stride(), rows.count, width, room.grad.data()});
            emit(Stretch{layer.bias + unit, layer.bias + unit + width, false}, room.grad.data());
        }
    }

private:
    // Inputs that go through a panel of weights at once, so that those stay in L1; and whose gradients are made at
    // once, a few tiles. Neither changes a sum.
    static constexpr std::ptrdiff_t kBlock = 256;
    static constexpr std::ptrdiff_t kChunk = 56;

    template <class Items>
    static auto& of(Items& items, int l) {
        return items[static_cast<std::size_t>(l)];
    }
    std::ptrdiff_t element_bytes() const { return element_size(problem_->X.storage); }
    bool is_sparse(int l) const { return l == 0 && problem_->sparse(); }
    const StorageKernels<T>& kernels(int l) const {
        return is_sparse(l) ? problem_->storage() : problem_->kernels->native();
    }

    // Whether elements are of another type than the kernels take.
    static bool is_narrow(const Problem<T>& problem) { return problem.storage().affine == nullptr; }
    // Whether the same columns of all rows lie in the same few places of the L1 cache.
    static bool collides(const Problem<T>& problem) { return !problem.sparse() && problem.X.row_stride % 1024 == 0; }

    // Rows as the kernels of a layer want them, of the data a copy of some columns where `copies`, and the column that
    // they begin with.
    Rows read(Room& room, int l, const Rows& rows, std::ptrdiff_t begin, std::ptrdiff_t end, bool copies,
              std::ptrdiff_t& origin) const {
        origin = l == 0 && copies ? begin : 0;
        if (l > 0 || !copies) return inputs(l, rows);
        problem_->storage().widen({rows, {begin, end}, room.wide.row(0), room.wide.stride()});
        return room.wide.rows(0, rows.count);
    }

    // The weights from inputs first..first + width to all units of a layer, a line of inputs for each unit.
    static void turn(const Layer& layer, const T* weight, std::ptrdiff_t first, std::ptrdiff_t width, T* out) {
        const std::ptrdiff_t n = std::min(width, layer.n_inputs - first);
        for (std::ptrdiff_t panel = 0; panel < layer.n_units; panel += kUnitPanel<T>) {
            const std::ptrdiff_t of_panel = layer.width(panel);
            const std::ptrdiff_t n_units = std::min(of_panel, layer.n_units - panel);
            const T* from = weight + panel * layer.n_inputs + first * of_panel;
            T* to = out + panel * width;
            for (std::ptrdiff_t u = 0; u < n_units; ++u) {
                for (std::ptrdiff_t i = 0; i < n; ++i) to[u * width + i] = from[i * of_panel + u];
                std::fill(to + u * width + n, to + (u + 1) * width, T(0));
            }
        }
    }

    const Problem<T>* problem_;
    const MlpShape<T>* shape_;
    ActivationKernel<T> activation_;
    bool trains_;
    // Of each layer: a(z), and first da/dz, then the derivative of the objective by z.
    std::vector<RowBuffer<T>> value_;
    std::vector<RowBuffer<T>> slope_;
};

}  // namespace fastgd
