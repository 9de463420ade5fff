#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

namespace fastgd {

// All that changes in a run, as bytes and back: fields are shown in the same order when they are written and when they
// are read, in this machine's byte order. Sizes are compared, so that no bytes can be read into what they do not fit;
// throws std::invalid_argument where they do not.
class Archive {
public:
    // That writes.
    Archive() = default;
    // That reads; the bytes have to outlive it.
    explicit Archive(std::span<const std::byte> bytes) : reads_(true), unread_(bytes) {}

    bool reads() const { return reads_; }
    std::vector<std::byte> take() { return std::move(written_); }

    template <class T>
        requires(std::is_arithmetic_v<T>)
    void operator()(T& value) {
        move(&value, sizeof value);
    }
    void operator()(bool& value) {
        auto number = static_cast<std::uint8_t>(value);
        (*this)(number);
        require(number <= 1);
        value = number == 1;
    }
    void operator()(std::span<bool> values) {
        for (bool& value : values) (*this)(value);
    }
    // One of those up to `last`.
    template <class E>
        requires(std::is_enum_v<E>)
    void operator()(E& value, E last) {
        auto number = static_cast<std::int64_t>(value);
        (*this)(number);
        require(number >= 0 && number <= static_cast<std::int64_t>(last));
        value = static_cast<E>(number);
    }
    void at_most(std::size_t& value, std::size_t most) {
        (*this)(value);
        require(value <= most);
    }
    // Whose size the configuration says.
    template <class T>
        requires(std::is_arithmetic_v<T>)
    void operator()(std::span<T> values) {
        auto n_bytes = static_cast<std::uint64_t>(values.size_bytes());
        (*this)(n_bytes);
        require(n_bytes == values.size_bytes());
        move(values.data(), values.size_bytes());
    }
    template <class T>
    void operator()(std::vector<T>& values) {
        (*this)(std::span<T>(values));
    }
    template <class... Fields>
    void all(Fields&... fields) {
        ((*this)(fields), ...);
    }
    // Whose sizes are part of the state.
    template <class... T>
    void resizable(std::vector<T>&... values) {
        (resize(values), ...);
    }

    // To be called when all has been read.
    void end() const { require(unread_.empty()); }

private:
    template <class T>
    void resize(std::vector<T>& values) {
        auto size = static_cast<std::uint64_t>(values.size());
        (*this)(size);
        require(!reads_ || size <= unread_.size() / sizeof(T));
        values.resize(static_cast<std::size_t>(size));
        (*this)(values);
    }
    static void require(bool condition) {
        if (!condition) throw std::invalid_argument("checkpoint must be of the same configuration");
    }
    void move(void* value, std::size_t n_bytes) {
        if (n_bytes == 0) return;
        if (reads_) {
            require(n_bytes <= unread_.size());
            std::memcpy(value, unread_.data(), n_bytes);
            unread_ = unread_.subspan(n_bytes);
        } else {
            const auto* bytes = static_cast<const std::byte*>(value);
            written_.insert(written_.end(), bytes, bytes + n_bytes);
        }
    }

    bool reads_ = false;
    std::span<const std::byte> unread_;
    std::vector<std::byte> written_;
};

}  // namespace fastgd
