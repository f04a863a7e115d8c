// Post-processing of SHARE output channels, one after the other: bias, requantisation with one rounding (half towards plus
// infinity), clamp, and the residual add with one rounding of its own. A value enters with the array's row and leaves
// 9 + 2 LEVELS cycles later: bias 1, product 1 + LEVELS, requantisation 2, difference 1, product 1 + LEVELS, sum 1,
// requantisation 2; one more in front where a lane has several channels, of which `choose_i` names the one of the cycle.
// `raw_o` is the sum behind the bias, held while `hold_i`.
// Bias, multiplier and shift are written ahead and become active together.
module dna_ppu_lane #(
    parameter SHARE    = 1,
    parameter BITS     = 8,
    parameter ACC_BITS = 28,
    parameter RAW_BITS = 32,
    parameter MB       = 16,    // bits of the multipliers
    parameter DIGIT    = 8,
    parameter LEVELS   = 1      // log2(MB / DIGIT)
) (
    input  wire                clk,
    input  wire [SHARE-1:0]    parameter_write_i,
    input  wire [SHARE*32-1:0] bias_i,
    input  wire [SHARE*6-1:0]  scale_shift_i,                    // shift - 1
    input  wire [SHARE*MB-1:0] scale_i,                          // multiplier
    input  wire                activate_i,
    input  wire [SHARE-1:0]    choose_i,                         // one of them
    input  wire [SHARE*ACC_BITS-1:0] sum_i,
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
    localparam RECORD   = MB + 6 + 32;            // parameters of a channel

    wire [SHARE*RECORD-1:0] records;
    genvar p;
    generate
        for (p = 0; p < SHARE; p = p + 1) begin : gen_record
            reg [RECORD-1:0] next_q, active_q;
            always @(posedge clk) begin
                if (parameter_write_i[p]) next_q <= {scale_i[p*MB +: MB], scale_shift_i[p*6 +: 6], bias_i[p*32 +: 32]};
                if (activate_i) active_q <= next_q;
            end
            assign records[p*RECORD +: RECORD] = active_q;
        end
    endgenerate

    // The cycle's channel: sum and bias together, the multiplier with the biased sum, the shift with the product.
    wire [ACC_BITS-1:0] sum;
    wire [31:0]         bias;
    wire [MB-1:0]       multiplier;
    wire [5:0]          shift;
    generate
        if (SHARE == 1) begin : gen_own
            wire unused_choice = choose_i;
            assign sum = sum_i;
            wire [5:0] active_shift;
            assign {multiplier, active_shift, bias} = records;
            if (LEVELS < 2) begin : gen_direct
                assign shift = active_shift;
            end else begin : gen_late
                // The shift is needed 2 + LEVELS cycles behind a row; the next unit's parameters may be active sooner.
                reg [5:0] shift_q;
                always @(posedge clk) shift_q <= active_shift;
                assign shift = shift_q;
            end
        end else begin : gen_chosen
            localparam CHOICE = RECORD + ACC_BITS;
            localparam WAIT   = 2 + LEVELS;
            for (p = 0; p < SHARE; p = p + 1) begin : gen_choice
                wire [CHOICE-1:0] own = {CHOICE{choose_i[p]}} &
                                        {records[p*RECORD +: RECORD], sum_i[p*ACC_BITS +: ACC_BITS]};
                wire [CHOICE-1:0] chosen;            // it, or one of those before it
                if (p == 0) begin : gen_first
                    assign chosen = own;
                end else begin : gen_next
                    assign chosen = gen_choice[p-1].chosen | own;
                end
            end
            reg [ACC_BITS-1:0] chosen_sum_q;
            reg [31:0]         bias_q;
            reg [MB-1:0]       multiplier_next_q, multiplier_q;
            reg [5:0]          shift_q;
            reg [6*WAIT-1:0]   shifts_q;
            always @(posedge clk) begin
                {multiplier_next_q, shift_q, bias_q, chosen_sum_q} <= gen_choice[SHARE-1].chosen;
                multiplier_q <= multiplier_next_q;
                shifts_q     <= {shifts_q[6*(WAIT-1)-1:0], shift_q};
            end
            assign sum        = chosen_sum_q;
            assign bias       = bias_q;
            assign multiplier = multiplier_q;
            assign shift      = shifts_q[6*(WAIT-1) +: 6];
        end
    endgenerate

    // Convolution.
    reg [SUM-1:0] sum_q;
    wire [SUM-1:0] biased = {{(SUM-ACC_BITS){sum[ACC_BITS-1]}}, sum} + {{(SUM-32){bias[31]}}, bias};
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
        .clk(clk), .a_i(sum_q), .m_i(multiplier), .product_o(scaled));
    dna_requantize #(.BITS(BITS), .IN_BITS(SUM+MB), .SHIFT(6)) u_requantize (
        .clk(clk), .value_i(scaled), .shift_i(shift), .zero_i(zero_i), .low_i(low_i), .high_i(high_i), .value_o(y));

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
