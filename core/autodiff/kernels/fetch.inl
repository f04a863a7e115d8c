// Lines of the next piece of work, asked for a few at a time between the steps of this one: memory and arithmetic then
// work at the same time instead of one after the other.

namespace {

template <class V>
class Ahead {
public:
    /// Spreads the lines evenly over so many steps.
    DNA_INLINE Ahead(const Fetch<ScalarOf<V>>& fetch, int steps)
        : fetch_(fetch), share_(steps > 0 ? fetch.lines * fetch.runs / steps + 1 : 0) {}

    DNA_INLINE void step() {
        if (run_ >= fetch_.runs) return;
        const int left = fetch_.lines - line_, count = left < share_ ? left : share_;
        const size_t first = size_t(run_) * fetch_.stride + size_t(line_) * kLine;
        for (size_t at = first; at < first + size_t(count) * kLine; at += kLine) {
            __builtin_prefetch(fetch_.data + at, 0, 3);
            if (fetch_.beside) __builtin_prefetch(fetch_.beside + at, 0, 3);
        }
        line_ += count;
        if (line_ == fetch_.lines) line_ = 0, ++run_;
    }

private:
    const Fetch<ScalarOf<V>> fetch_;
    const int share_;
    int line_ = 0, run_ = 0;
};

}  // namespace
