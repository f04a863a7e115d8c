// Draws the built-in pictures: one shape of ten per picture, rotated, placed and coloured at random, between clutter of
// lines and blobs, under noise. Only +, -, *, / and the square root are used, so every machine draws the same bytes.

#include "core/data/shapes.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/base/rng.h"

namespace dna::data {
namespace {

constexpr int kSize = 32;
constexpr int kSamples = 3;  // per pixel and axis
constexpr int kShapes = 10;
constexpr int kAnyColour = -1;

using Colour = std::array<double, 3>;
using Canvas = std::array<std::array<Colour, kSize>, kSize>;

/// Of the shape where it is part of the class; of middling brightness, so that darker and brighter backgrounds exist.
constexpr std::array<Colour, 10> kColours{{{210, 60, 60},
                                           {60, 190, 60},
                                           {60, 80, 210},
                                           {200, 190, 60},
                                           {60, 190, 190},
                                           {200, 60, 200},
                                           {220, 140, 40},
                                           {100, 100, 100},
                                           {165, 165, 165},
                                           {150, 100, 60}}};

double sinTurn(double u) {
    const double shifted = u + 0.75;
    return base::portableCosTurn(shifted >= 1 ? shifted - 1 : shifted);
}

constexpr int kStarCorners = 10;
constexpr double kStarValley = 0.42;  // radius of the inner corners; the tips are at radius 1

using StarCorners = std::array<std::array<double, 2>, kStarCorners + 1>;

StarCorners starCorners() {
    StarCorners corners{};
    for (int i = 0; i <= kStarCorners; ++i) {
        const double turn = i % kStarCorners / static_cast<double>(kStarCorners), radius = i % 2 == 0 ? 1 : kStarValley;
        corners[i] = {radius * base::portableCosTurn(turn), radius * sinTurn(turn)};
    }
    return corners;
}

/// Even-odd rule over the edges of the five-pointed star.
bool insideStar(double x, double y) {
    static const StarCorners corners = starCorners();
    bool inside = false;
    for (int i = 0; i < kStarCorners; ++i) {
        const auto& [ax, ay] = corners[i];
        const auto& [bx, by] = corners[i + 1];
        if ((ay > y) != (by > y) && x < (bx - ax) * (y - ay) / (by - ay) + ax) inside = !inside;
    }
    return inside;
}

bool insideTriangle(double x, double y) { return y > -0.6 && 1.7 * x + y < 1.1 && -1.7 * x + y < 1.1; }

/// Whether a point of the shape's own frame (radius about 1) belongs to the shape.
bool inside(int label, double x, double y) {
    const double r2 = x * x + y * y, ax = std::abs(x), ay = std::abs(y);
    switch (label) {
        case 0:
            return r2 < 0.81;  // disc
        case 1:
            return r2 < 0.95 && r2 > 0.36;  // ring
        case 2:
            return std::max(ax, ay) < 0.78;  // square
        case 3:
            return std::max(ax, ay) < 0.85 && std::max(ax, ay) > 0.52;  // frame
        case 4:
            return insideTriangle(x, y);  // triangle
        case 5:
            return std::max(ax, ay) < 0.95 && std::min(ax, ay) < 0.29;  // plus
        case 6:
            return insideStar(x, y);  // star
        case 7:
            return r2 < 0.92 && (x - 0.5) * (x - 0.5) + y * y > 0.55;  // crescent
        case 8:
            return ay < 0.9 && ax > 0.24 && ax < 0.72;  // bars
        default:
            return ax < 0.85 && y < 0.85 - ax && y > 0.15 - ax;  // chevron
    }
}

class Painter {
public:
    Painter(base::Rng rng, const ShapesOptions& options) : rng_(rng), options_(options) {}

    void paint(int label, uint8_t* bytes) {
        chooseColours(options_.classes > kShapes ? label / kShapes : kAnyColour);
        paintBackground();
        const int clutter = static_cast<int>(rng_.below(static_cast<uint64_t>(options_.clutter) + 1));
        for (int i = 0; i < clutter; ++i) paintClutter(0.75);
        paintShape(label % kShapes);
        if (rng_.uniform() < 0.5) paintClutter(0.6);
        writeNoisy(bytes);
    }

private:
    double between(double low, double high) { return low + (high - low) * rng_.uniform(); }

    static double brightness(const Colour& c) { return (c[0] + c[1] + c[2]) / 3; }

    Colour randomColour() { return {between(20, 235), between(20, 235), between(20, 235)}; }

    /// One of the colours that are classes, up to 10 off in each part.
    Colour colourOfClass(int colour) {
        Colour result = kColours[static_cast<size_t>(colour)];
        for (double& part : result) part += between(-10, 10);
        return result;
    }

    void chooseColours(int colour) {
        const bool bright = rng_.uniform() < options_.bright_share;
        for (;;) {
            background_ = randomColour();
            shape_ = colour == kAnyColour ? randomColour() : colourOfClass(colour);
            const double difference = brightness(shape_) - brightness(background_);
            if (bright ? difference > options_.min_contrast : difference < -options_.min_contrast) return;
        }
    }

    /// A gradient around the background colour in a random direction.
    void paintBackground() {
        const double turn = rng_.uniform(), slope = between(0, 2.2);
        const double dx = slope * base::portableCosTurn(turn), dy = slope * sinTurn(turn);
        for (int y = 0; y < kSize; ++y)
            for (int x = 0; x < kSize; ++x)
                for (int c = 0; c < 3; ++c) canvas_[y][x][c] = background_[c] + dx * (x - 15.5) + dy * (y - 15.5);
    }

    /// A short line or a blob in a random colour, mixed over what is there.
    void paintClutter(double strength) {
        const Colour colour = randomColour();
        const double cx = between(0, kSize), cy = between(0, kSize), turn = rng_.uniform();
        const double ux = base::portableCosTurn(turn), uy = sinTurn(turn);
        const bool line = rng_.uniform() < 0.6;
        const double length = line ? between(3, 11) : between(1, 2.8),
                     width = line ? between(0.5, 1.1) : between(1, 2.8);
        for (int y = 0; y < kSize; ++y)
            for (int x = 0; x < kSize; ++x) {
                const double along = ((x - cx) * ux + (y - cy) * uy) / length,
                             across = ((y - cy) * ux - (x - cx) * uy) / width;
                const bool hit =
                    line ? std::abs(along) < 1 && std::abs(across) < 1 : along * along + across * across < 1;
                if (hit) mix(canvas_[y][x], colour, strength);
            }
    }

    static void mix(Colour& under, const Colour& over, double share) {
        for (int c = 0; c < 3; ++c) under[c] += share * (over[c] - under[c]);
    }

    void paintShape(int label) {
        const double radius = between(options_.min_radius, options_.max_radius), stretch = between(0.82, 1.22);
        const double offset = between(-options_.max_turn, options_.max_turn), turn = offset < 0 ? offset + 1 : offset;
        const double ux = base::portableCosTurn(turn), uy = sinTurn(turn);
        const double jitter = options_.position_jitter;
        const double cx = 15.5 + between(-jitter, jitter), cy = 15.5 + between(-jitter, jitter);
        for (int y = 0; y < kSize; ++y)
            for (int x = 0; x < kSize; ++x) {
                int hits = 0;
                for (int s = 0; s < kSamples * kSamples; ++s) {
                    const double px = x + (s % kSamples + 0.5) / kSamples - 0.5 - cx,
                                 py = y + (s / kSamples + 0.5) / kSamples - 0.5 - cy;
                    hits += inside(label, (px * ux + py * uy) / radius * stretch, (py * ux - px * uy) / radius);
                }
                if (hits > 0) mix(canvas_[y][x], shape_, static_cast<double>(hits) / (kSamples * kSamples));
            }
    }

    /// Noise: the sum of four uniform bytes, centred (standard deviation 147.8) and scaled.
    void writeNoisy(uint8_t* bytes) {
        for (int y = 0; y < kSize; ++y)
            for (int x = 0; x < kSize; ++x)
                for (int c = 0; c < 3; ++c) {
                    const uint32_t draw = rng_.next();
                    const double sum =
                        static_cast<double>((draw & 255) + (draw >> 8 & 255) + (draw >> 16 & 255) + (draw >> 24));
                    const double value = canvas_[y][x][c] + (sum - 510) * (options_.noise / 147.8);
                    bytes[(c * kSize + y) * kSize + x] = static_cast<uint8_t>(std::clamp(value + 0.5, 0.0, 255.0));
                }
    }

    base::Rng rng_;
    ShapesOptions options_;
    Colour background_{}, shape_{};
    Canvas canvas_{};
};

}  // namespace

Pictures makeShapes(uint64_t seed, Part part, int count, const ShapesOptions& options) {
    Pictures pictures;
    pictures.classes = options.classes;
    if (options.classes == kShapes) pictures.class_names = shapeNames();
    pictures.labels.resize(count);
    pictures.bytes.resize(pictures.pictureBytes() * static_cast<size_t>(count));
    const char* purpose = part == Part::Training ? "shapes-training" : "shapes-test";
    for (int i = 0; i < count; ++i) {
        const int label = i % pictures.classes;
        pictures.labels[i] = static_cast<Label>(label);
        Painter(base::Rng(seed, purpose, static_cast<uint64_t>(i)), options)
            .paint(label, pictures.bytes.data() + pictures.pictureBytes() * static_cast<size_t>(i));
    }
    return pictures;
}

const std::vector<std::string>& shapeNames() {
    static const std::vector<std::string> names{"disc", "ring", "square",   "frame", "triangle",
                                                "plus", "star", "crescent", "bars",  "chevron"};
    return names;
}

}  // namespace dna::data
