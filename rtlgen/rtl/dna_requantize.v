// From a scaled sum with one fraction bit to a value: saturates, rounds half a unit up, adds the zero point and clamps.
// Two register stages: shift and saturation; rounding and clamp.
module dna_requantize #(
    parameter BITS    = 8,     // of the value
    parameter IN_BITS = 49,
    parameter SHIFT   = 6      // bits of the shift
) (
    input  wire               clk,
    input  wire [IN_BITS-1:0] value_i,
    input  wire [SHIFT-1:0]   shift_i,               // shift - 1: leaves one fraction bit
    input  wire [BITS-1:0]    zero_i, low_i, high_i,
    output reg  [BITS-1:0]    value_o
);
    localparam KEEP = BITS + 4;       // enough for the clamp behind it, whatever the zero point
    wire signed [IN_BITS-1:0] value   = value_i;
    wire signed [IN_BITS-1:0] shifted = value >>> shift_i;
    wire fits = shifted[IN_BITS-1:KEEP-1] == {(IN_BITS-KEEP+1){shifted[IN_BITS-1]}};
    reg [KEEP-1:0] kept_q;

    // floor((v + 1) / 2) = floor(v / 2) + v[0]
    wire signed [KEEP-1:0] half    = {kept_q[KEEP-1], kept_q[KEEP-1:1]};
    wire signed [KEEP-1:0] zero    = {{(KEEP-BITS){zero_i[BITS-1]}}, zero_i};
    wire signed [KEEP-1:0] rounded = half + zero + $signed({{(KEEP-1){1'b0}}, kept_q[0]});
    wire signed [KEEP-1:0] low     = {{(KEEP-BITS){low_i[BITS-1]}}, low_i};
    wire signed [KEEP-1:0] high    = {{(KEEP-BITS){high_i[BITS-1]}}, high_i};

    always @(posedge clk) begin
        kept_q  <= fits ? shifted[KEEP-1:0] : {shifted[IN_BITS-1], {(KEEP-1){~shifted[IN_BITS-1]}}};
        value_o <= rounded < low ? low_i : rounded > high ? high_i : rounded[BITS-1:0];
    end
endmodule
