#include "costmodel/memory.h"

#include <tuple>

#include "core/base/error.h"
#include "core/design/design.h"

namespace dna::costmodel {
namespace {

constexpr double kMax = 1e12;

int pieces(int whole, int piece) { return (whole + piece - 1) / piece; }

MemoryPrice priceByLaw(const MemoryLaw& law, int words, int bits) {
    MemoryPrice price;
    price.wide = pieces(bits, law.max_bits);
    price.deep = pieces(words, law.max_words);
    const double b = static_cast<double>(bits) / price.wide, w = static_cast<double>(words) / price.deep;
    const int count = price.wide * price.deep;
    price.area_um2 = count * (law.area_base_um2 + law.area_per_word_um2 * w + law.area_per_bit_um2 * b +
                              law.area_per_word_bit_um2 * w * b);
    price.read_pj = price.wide * (law.read_base_pj + law.read_per_bit_pj * b + law.read_per_word_bit_pj * w * b);
    price.write_pj = price.wide * (law.write_base_pj + law.write_per_bit_pj * b + law.write_per_word_bit_pj * w * b);
    price.leakage_mw = 1e-6 * law.leakage_nw_per_bit * words * bits;
    return price;
}

MemoryPrice priceByMacro(const MemoryMacro& macro, int words, int bits) {
    MemoryPrice price{.macro = macro.name, .wide = pieces(bits, macro.bits), .deep = pieces(words, macro.words)};
    const int count = price.wide * price.deep;
    price.area_um2 = count * macro.area_um2;
    price.read_pj = price.wide * macro.read_pj;
    price.write_pj = price.wide * macro.write_pj;
    price.leakage_mw = count * macro.leakage_mw;
    return price;
}

MemoryLaw readLaw(base::JsonObject object) {
    MemoryLaw law;
    const auto coefficient = [&](const char* key) { return object.number(key, -kMax, kMax); };
    law.area_base_um2 = coefficient("area_base_um2");
    law.area_per_word_um2 = coefficient("area_per_word_um2");
    law.area_per_bit_um2 = coefficient("area_per_bit_um2");
    law.area_per_word_bit_um2 = coefficient("area_per_word_bit_um2");
    law.read_base_pj = coefficient("read_base_pj");
    law.read_per_bit_pj = coefficient("read_per_bit_pj");
    law.read_per_word_bit_pj = coefficient("read_per_word_bit_pj");
    law.write_base_pj = coefficient("write_base_pj");
    law.write_per_bit_pj = coefficient("write_per_bit_pj");
    law.write_per_word_bit_pj = coefficient("write_per_word_bit_pj");
    law.leakage_nw_per_bit = coefficient("leakage_nw_per_bit");
    law.max_bits = static_cast<int>(object.integer("max_bits", 1, 4096));
    law.max_words = static_cast<int>(object.integer("max_words", 1, 1 << 24));
    object.close();
    return law;
}

MemoryMacro readMacro(base::JsonObject object) {
    MemoryMacro macro;
    macro.name = object.text("name");
    macro.words = static_cast<int>(object.integer("words", 1, 1 << 24));
    macro.bits = static_cast<int>(object.integer("bits", 1, 4096));
    macro.area_um2 = object.number("area_um2", 0, kMax);
    macro.read_pj = object.number("read_pj", 0, kMax);
    macro.write_pj = object.number("write_pj", 0, kMax);
    macro.leakage_mw = object.number("leakage_mw", 0, kMax);
    object.close();
    return macro;
}

base::Json toJson(const MemoryLaw& law) {
    return {{"area_base_um2", law.area_base_um2},
            {"area_per_word_um2", law.area_per_word_um2},
            {"area_per_bit_um2", law.area_per_bit_um2},
            {"area_per_word_bit_um2", law.area_per_word_bit_um2},
            {"read_base_pj", law.read_base_pj},
            {"read_per_bit_pj", law.read_per_bit_pj},
            {"read_per_word_bit_pj", law.read_per_word_bit_pj},
            {"write_base_pj", law.write_base_pj},
            {"write_per_bit_pj", law.write_per_bit_pj},
            {"write_per_word_bit_pj", law.write_per_word_bit_pj},
            {"leakage_nw_per_bit", law.leakage_nw_per_bit},
            {"max_bits", law.max_bits},
            {"max_words", law.max_words}};
}

}  // namespace

MemoryPrice priceMemory(const MemorySource& source, int words, int bits) {
    DNA_CHECK(words >= 1 && bits >= 1, "a memory has at least one word of one bit");
    if (source.macros.empty()) return priceByLaw(source.law, words, bits);
    const auto rank = [](const MemoryPrice& p) { return std::tuple(p.deep, p.area_um2, p.read_pj, p.macro); };
    MemoryPrice best = priceByMacro(source.macros.front(), words, bits);
    for (const MemoryMacro& macro : source.macros) {
        const MemoryPrice price = priceByMacro(macro, words, bits);
        if (rank(price) < rank(best)) best = price;
    }
    return best;
}

MemoryPrice priceBanks(const MemorySource& source, int words, int bits, int banks) {
    MemoryPrice price = priceMemory(source, design::bankWords(words, banks), bits);
    price.deep *= banks;
    price.area_um2 *= banks;
    price.leakage_mw *= banks;
    return price;
}

MemorySource readMemorySource(base::JsonObject& object) {
    MemorySource source;
    source.kind = object.choice("source", {"macros", "scaled", "estimated"});
    if (object.has("law")) source.law = readLaw(object.object("law"));
    if (object.has("macros"))
        for (base::JsonObject& macro : object.objects("macros")) source.macros.push_back(readMacro(macro));
    if (source.kind == "macros" && source.macros.empty()) object.problem("macros", "is missing or empty");
    if (source.kind != "macros" && !object.has("law")) object.problem("law", "is missing");
    object.close();
    return source;
}

base::Json toJson(const MemorySource& source) {
    base::Json json{{"source", source.kind}};
    if (source.macros.empty()) json["law"] = toJson(source.law);
    for (const MemoryMacro& macro : source.macros)
        json["macros"].push_back({{"name", macro.name},
                                  {"words", macro.words},
                                  {"bits", macro.bits},
                                  {"area_um2", macro.area_um2},
                                  {"read_pj", macro.read_pj},
                                  {"write_pj", macro.write_pj},
                                  {"leakage_mw", macro.leakage_mw}});
    return json;
}

}  // namespace dna::costmodel
