// Signed a_i times unsigned m_i, cut into digits of DIGIT multiplier bits: a register behind every digit's product and behind
// every level of their sum. Latency 1 + log2(M_BITS / DIGIT); both operands are taken at the same cycle.
module dna_multiply #(
    parameter A_BITS = 33,
    parameter M_BITS = 16,
    parameter DIGIT  = 4,      // M_BITS / DIGIT is 2^LEVELS
    parameter LEVELS = 2
) (
    input  wire                     clk,
    input  wire [A_BITS-1:0]        a_i,
    input  wire [M_BITS-1:0]        m_i,
    output wire [A_BITS+M_BITS-1:0] product_o
);
`ifdef DNA_CELLS
    // For standard cells: one row a digit bit; inverted signs stand for what a constant takes off again (dna_product).
    function [A_BITS+DIGIT-1:0] sum_of_rows(input [A_BITS-1:0] a, input [DIGIT-1:0] m);
        integer row;
        begin
            sum_of_rows = {{DIGIT{1'b1}}, {A_BITS{1'b0}}} >> 1;
            sum_of_rows = ~sum_of_rows + 1'b1;
            for (row = 0; row < DIGIT; row = row + 1)
                sum_of_rows = sum_of_rows + ({{DIGIT{1'b0}}, ~(a[A_BITS-1] & m[row]), a[A_BITS-2:0] & {(A_BITS-1){m[row]}}} << row);
        end
    endfunction
`endif
    // Level l has M_BITS / (DIGIT << l) sums, each the product with DIGIT << l multiplier bits.
    genvar l, i;
    generate
        for (l = 0; l <= LEVELS; l = l + 1) begin : gen_level
            localparam WIDTH = A_BITS + (DIGIT << l);
            wire [(M_BITS/(DIGIT<<l))*WIDTH-1:0] sums;
        end
        for (i = 0; i < (1 << LEVELS); i = i + 1) begin : gen_digit
            localparam WIDTH = A_BITS + DIGIT;
            reg [WIDTH-1:0] product_q;
`ifdef DNA_CELLS
            always @(posedge clk) product_q <= sum_of_rows(a_i, m_i[i*DIGIT +: DIGIT]);
`else
            wire signed [A_BITS-1:0] a = a_i;
            wire signed [DIGIT:0]    m = {1'b0, m_i[i*DIGIT +: DIGIT]};
            always @(posedge clk) product_q <= a * m;
`endif
            assign gen_level[0].sums[i*WIDTH +: WIDTH] = product_q;
        end
        for (l = 1; l <= LEVELS; l = l + 1) begin : gen_add
            localparam STEP = DIGIT << (l - 1);
            localparam IN   = A_BITS + STEP;
            localparam OUT  = IN + STEP;
            for (i = 0; i < (1 << (LEVELS-l)); i = i + 1) begin : gen_pair
                wire [IN-1:0] low  = gen_level[l-1].sums[2*i*IN +: IN];
                wire [IN-1:0] high = gen_level[l-1].sums[(2*i+1)*IN +: IN];
                // The low STEP bits pass by the adder.
                reg [STEP-1:0] rest_q;
                reg [IN-1:0]   sum_q;
                always @(posedge clk) begin
                    rest_q <= low[STEP-1:0];
                    sum_q  <= {{STEP{low[IN-1]}}, low[IN-1:STEP]} + high;
                end
                assign gen_level[l].sums[i*OUT +: OUT] = {sum_q, rest_q};
            end
        end
    endgenerate
    assign product_o = gen_level[LEVELS].sums;
endmodule
