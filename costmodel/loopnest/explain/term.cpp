#include "costmodel/loopnest/explain/term.h"

#include <fmt/format.h>

#include <cmath>

namespace dna::costmodel::loopnest {

std::string numberText(double value) {
    std::string text = value == std::floor(value) && std::abs(value) < 1e16 ? fmt::format("{:.0f}", value + 0.0)
                                                                            : fmt::format("{:.12g}", value);
    if (text.find_first_of("en") != std::string::npos) return text;
    const size_t first = text[0] == '-';
    for (size_t at = std::min(text.find('.'), text.size()); at > first + 3; at -= 3) text.insert(at - 3, ",");
    return text;
}

Term operator+(const Term& a, const Term& b) { return {a.text + " + " + b.text, a.value + b.value, Term::Sum}; }
Term operator-(const Term& a, const Term& b) {
    return {a.text + " - " + b.inside(Term::Product), a.value - b.value, Term::Sum};
}
Term operator*(const Term& a, const Term& b) {
    return {a.inside(Term::Product) + " x " + b.inside(Term::Product), a.value * b.value, Term::Product};
}
Term operator/(const Term& a, const Term& b) {
    return {a.inside(Term::Product) + " / " + b.inside(Term::Atom), a.value / b.value, Term::Product};
}
Term product(const std::vector<Term>& factors) {
    if (factors.empty()) return Term(1);
    Term all = factors[0];
    for (size_t i = 1; i < factors.size(); ++i) all = all * factors[i];
    return all;
}

}  // namespace dna::costmodel::loopnest
