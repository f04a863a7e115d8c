// Post-processing of one output channel: bias, requantisation with one rounding (half towards plus infinity), clamp, and
// the residual add with one rounding of its own. Ten register stages; a value enters with the array's row and leaves as
// int8 ten cycles later. `raw_o` is the int32 sum of stage 1, held while `hold_i`.
// Parameter word (8 bytes): bias, multiplier (16 bits, positive), shift - 1.
module dna_ppu_lane #(
    parameter ACC_BITS = 28
) (
    input  wire                clk,
    input  wire                parameter_write_i,
    input  wire [63:0]         parameter_i,
    input  wire                activate_i,
    input  wire [ACC_BITS-1:0] sum_i,
    input  wire                hold_i,
    output wire [31:0]         raw_o,
    input  wire [7:0]          zero_i, low_i, high_i,            // of the convolution's output
    input  wire                residual_i,                       // layer adds a residual
    input  wire [7:0]          residual_value_i,                 // with stage 5
    input  wire [7:0]          zero_a_i, zero_b_i,
    input  wire [15:0]         multiplier_a_i, multiplier_b_i,
    input  wire [4:0]          shift_i,                          // shift of the residual sum - 1
    input  wire [7:0]          sum_zero_i, sum_low_i, sum_high_i,
    output wire [7:0]          y_o
);
    // Saturates to 12 bits: enough for the clamp behind it, whatever the zero point.
    function [11:0] saturate(input [48:0] value);
        if (value[48:11] == {38{value[48]}}) saturate = value[11:0];
        else saturate = {value[48], {11{~value[48]}}};
    endfunction

    // Rounds half a unit up (value holds one fraction bit), adds the zero point, clamps.
    function [7:0] finish(input [11:0] value, input [7:0] zero, input [7:0] low, input [7:0] high);
        reg signed [13:0] rounded;
        begin
            rounded = ($signed({{2{value[11]}}, value}) + 14'sd1) >>> 1;
            rounded = rounded + $signed({{6{zero[7]}}, zero});
            if (rounded < $signed({{6{low[7]}}, low})) finish = low;
            else if (rounded > $signed({{6{high[7]}}, high})) finish = high;
            else finish = rounded[7:0];
        end
    endfunction

    reg [31:0] bias_next_q, bias_q;
    reg [15:0] multiplier_next_q, multiplier_q;
    reg [5:0]  shift_next_q, shift_q;
    wire unused_parameter = &{1'b0, parameter_i[63:54]};

    always @(posedge clk) begin
        if (parameter_write_i) begin
            bias_next_q       <= parameter_i[31:0];
            multiplier_next_q <= parameter_i[47:32];
            shift_next_q      <= parameter_i[53:48];
        end
        if (activate_i) begin
            bias_q       <= bias_next_q;
            multiplier_q <= multiplier_next_q;
            shift_q      <= shift_next_q;
        end
    end

    reg signed [32:0] s1_q;
    reg signed [41:0] s2_low_q, s2_high_q;
    reg signed [48:0] s3_q;
    reg [11:0] s4_q;
    reg [7:0]  s5_q, s6_q, s7_q, s8_q, s9_q, s10_q;
    reg signed [8:0]  a6_q, b6_q;
    reg signed [25:0] a7_q, b7_q;
    reg signed [26:0] r8_q;
    reg [11:0] r9_q;

    wire signed [32:0] biased = {{(33-ACC_BITS){sum_i[ACC_BITS-1]}}, sum_i} + {bias_q[31], bias_q};
    wire signed [8:0]  m_low  = {1'b0, multiplier_q[7:0]};
    wire signed [8:0]  m_high = {1'b0, multiplier_q[15:8]};
    wire signed [48:0] low_part  = {{7{s2_low_q[41]}}, s2_low_q};
    wire signed [48:0] high_part = {s2_high_q[40:0], 8'd0};
    wire unused_high = s2_high_q[41];
    wire signed [48:0] shifted   = s3_q >>> shift_q;
    wire signed [16:0] m_a = {1'b0, multiplier_a_i};
    wire signed [16:0] m_b = {1'b0, multiplier_b_i};
    wire signed [26:0] residual_sum     = {a7_q[25], a7_q} + {b7_q[25], b7_q};
    wire signed [26:0] residual_shifted = r8_q >>> shift_i;

    assign raw_o = s1_q[31:0];
    assign y_o   = s10_q;

    always @(posedge clk) begin
        if (!hold_i) s1_q <= biased;
        s2_low_q  <= s1_q * m_low;
        s2_high_q <= s1_q * m_high;
        s3_q      <= low_part + high_part;
        s4_q      <= saturate(shifted);
        s5_q      <= finish(s4_q, zero_i, low_i, high_i);
        s6_q      <= s5_q;
        a6_q      <= {s5_q[7], s5_q} - {zero_a_i[7], zero_a_i};
        b6_q      <= {residual_value_i[7], residual_value_i} - {zero_b_i[7], zero_b_i};
        s7_q      <= s6_q;
        a7_q      <= a6_q * m_a;
        b7_q      <= b6_q * m_b;
        s8_q      <= s7_q;
        r8_q      <= residual_sum;
        s9_q      <= s8_q;
        r9_q      <= saturate({{22{residual_shifted[26]}}, residual_shifted});
        s10_q     <= residual_i ? finish(r9_q, sum_zero_i, sum_low_i, sum_high_i) : s9_q;
    end
endmodule
