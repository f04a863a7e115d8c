#pragma once

#include <fmt/format.h>

#include <cmath>

#include "costmodel/loopnest/explain/term.h"

namespace dna::costmodel::loopnest {

/// Collects indented lines.
class Page {
public:
    void say(int indent, const std::string& text) { text_ += std::string(size_t(indent), ' ') + text + "\n"; }
    /// One line of arithmetic; returns its value.
    double line(int indent, std::string_view label, const Term& term, std::string_view unit = "",
                const std::string& comment = "") {
        say(indent, fmt::format("{}: {} = {}{}{}{}{}", label, term.text, numberText(term.value),
                                unit.empty() ? "" : " ", unit, comment.empty() ? "" : "; ", comment));
        return term.value;
    }
    /// The same for a count: whole words.
    double count(int indent, std::string_view label, const Term& term) {
        return count(indent, label, term, std::round(term.value));
    }
    double count(int indent, std::string_view label, const Term& term, double whole) {
        line(indent, label, term, "words", whole == term.value ? "" : fmt::format("counted as {}", numberText(whole)));
        return whole;
    }
    void blank() { text_ += "\n"; }
    std::string take() { return std::move(text_); }

private:
    std::string text_;
};

}  // namespace dna::costmodel::loopnest
