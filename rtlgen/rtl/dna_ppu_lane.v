// Post-processing of one output channel: bias, requantisation with one rounding (half towards plus infinity), clamp, and
// the residual add with one rounding of its own. A value enters with the array's row and leaves 9 + 2 LEVELS cycles later:
// bias 1, product 1 + LEVELS, requantisation 2, difference 1, product 1 + LEVELS, sum 1, requantisation 2. `raw_o` is the sum
// of the first stage, held while `hold_i`.
// Bias, multiplier and shift are written ahead and become active together.
module dna_ppu_lane #(
    parameter BITS     = 8,
    parameter ACC_BITS = 28,
    parameter RAW_BITS = 32,
    parameter MB       = 16,    // bits of the multipliers
    parameter DIGIT    = 8,
    parameter LEVELS   = 1      // log2(MB / DIGIT)
) (
    input  wire                clk,
    input  wire                parameter_write_i,
    input  wire [31:0]         bias_i,
    input  wire [5:0]          scale_shift_i,                    // shift - 1
    input  wire [MB-1:0]       scale_i,                          // multiplier
    input  wire                activate_i,
    input  wire [ACC_BITS-1:0] sum_i,
    input  wire                hold_i,
    output wire [RAW_BITS-1:0] raw_o,
    input  wire [BITS-1:0]     zero_i, low_i, high_i,            // of the convolution's output
    input  wire                residual_i,                       // layer adds a residual
    input  wire [BITS-1:0]     residual_value_i,                 // with the convolution's output
    input  wire [BITS-1:0]     zero_b_i,                         // of the residual
    input  wire [MB-1:0]       multiplier_a_i, multiplier_b_i,
    input  wire [5:0]          shift_i,                          // shift of the residual sum - 1
    input  wire [BITS-1:0]     sum_zero_i, sum_low_i, sum_high_i,
    output wire [BITS-1:0]     y_o
);
    localparam SUM      = (ACC_BITS > 32 ? ACC_BITS : 32) + 1;
    localparam ADDEND   = BITS + 1;               // value less zero point
    localparam BYPASS   = 5 + LEVELS;             // stages of the residual add

    reg [31:0]   bias_next_q, bias_q;
    reg [MB-1:0] multiplier_next_q, multiplier_q;
    reg [5:0]    shift_next_q, shift_q;
    always @(posedge clk) begin
        if (parameter_write_i) {multiplier_next_q, shift_next_q, bias_next_q} <= {scale_i, scale_shift_i, bias_i};
        if (activate_i) {multiplier_q, shift_q, bias_q} <= {multiplier_next_q, shift_next_q, bias_next_q};
    end

    // Convolution.
    reg [SUM-1:0] sum_q;
    wire [SUM-1:0] biased = {{(SUM-ACC_BITS){sum_i[ACC_BITS-1]}}, sum_i} + {{(SUM-32){bias_q[31]}}, bias_q};
    always @(posedge clk) if (!hold_i) sum_q <= biased;
    generate
        if (SUM >= RAW_BITS) begin : gen_raw
            assign raw_o = sum_q[RAW_BITS-1:0];
        end else begin : gen_raw_extended
            assign raw_o = {{(RAW_BITS-SUM){sum_q[SUM-1]}}, sum_q};
        end
    endgenerate
    wire [SUM+MB-1:0] scaled;
    wire [BITS-1:0]   y;
    dna_multiply #(.A_BITS(SUM), .M_BITS(MB), .DIGIT(DIGIT), .LEVELS(LEVELS)) u_scale (
        .clk(clk), .a_i(sum_q), .m_i(multiplier_q), .product_o(scaled));
    dna_requantize #(.BITS(BITS), .IN_BITS(SUM+MB), .SHIFT(6)) u_requantize (
        .clk(clk), .value_i(scaled), .shift_i(shift_q), .zero_i(zero_i), .low_i(low_i), .high_i(high_i), .value_o(y));

    // Residual add.
    reg [BITS*BYPASS-1:0] bypass_q;
    reg [ADDEND-1:0] a_q, b_q;
    wire [ADDEND+MB-1:0] a, b;
    reg [ADDEND+MB:0] total_q;
    wire [BITS-1:0] added;
    dna_multiply #(.A_BITS(ADDEND), .M_BITS(MB), .DIGIT(DIGIT), .LEVELS(LEVELS)) u_scale_a (
        .clk(clk), .a_i(a_q), .m_i(multiplier_a_i), .product_o(a));
    dna_multiply #(.A_BITS(ADDEND), .M_BITS(MB), .DIGIT(DIGIT), .LEVELS(LEVELS)) u_scale_b (
        .clk(clk), .a_i(b_q), .m_i(multiplier_b_i), .product_o(b));
    always @(posedge clk) begin
        a_q      <= {y[BITS-1], y} - {zero_i[BITS-1], zero_i};
        b_q      <= {residual_value_i[BITS-1], residual_value_i} - {zero_b_i[BITS-1], zero_b_i};
        total_q  <= {a[ADDEND+MB-1], a} + {b[ADDEND+MB-1], b};
        bypass_q <= {bypass_q[BITS*(BYPASS-1)-1:0], y};
    end
    dna_requantize #(.BITS(BITS), .IN_BITS(ADDEND+MB+1), .SHIFT(6)) u_requantize_sum (
        .clk(clk), .value_i(total_q), .shift_i(shift_i), .zero_i(sum_zero_i), .low_i(sum_low_i), .high_i(sum_high_i),
        .value_o(added));
    assign y_o = residual_i ? added : bypass_q[BITS*(BYPASS-1) +: BITS];
endmodule
