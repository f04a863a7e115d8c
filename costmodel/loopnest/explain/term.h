#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dna::costmodel::loopnest {

/// "1,234,567" or "12,345.5": whole numbers exactly, others to twelve digits, thousands set apart.
std::string numberText(double value);

/// A value with the expression it comes from.
struct Term {
    enum Binding { Sum, Product, Atom };
    std::string text;
    double value = 0;
    Binding binding = Atom;

    Term(double v) : text(numberText(v)), value(v) {}
    Term(std::string_view label, double v) : text(std::string(label) + " " + numberText(v)), value(v) {}
    Term(std::string t, double v, Binding b) : text(std::move(t)), value(v), binding(b) {}
    std::string inside(Binding at_least) const { return binding < at_least ? "(" + text + ")" : text; }
};
Term operator+(const Term& a, const Term& b);
Term operator-(const Term& a, const Term& b);
Term operator*(const Term& a, const Term& b);
Term operator/(const Term& a, const Term& b);
Term product(const std::vector<Term>& factors);

}  // namespace dna::costmodel::loopnest
