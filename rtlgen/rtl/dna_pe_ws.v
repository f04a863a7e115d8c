// Processing element of the systolic weight-stationary array (T2): like dna_pe_dot, and the product joins the partial sum
// that moves down the column, one row a cycle.
module dna_pe_ws #(
    parameter BITS     = 8,
    parameter SUM_BITS = 20
) (
    input  wire                clk,
    input  wire [BITS-1:0]     x_i,
    input  wire [BITS-1:0]     w_i,
    input  wire                load_i,
    input  wire                swap_i,
    input  wire [SUM_BITS-1:0] chain_i,
    output wire [SUM_BITS-1:0] chain_o
);
    wire [2*BITS-1:0]   product;
    reg  [SUM_BITS-1:0] sum_q;

    dna_pe_dot #(.BITS(BITS)) u_dot (
        .clk(clk), .x_i(x_i), .w_i(w_i), .load_i(load_i), .swap_i(swap_i), .product_o(product));

    assign chain_o = sum_q;

    always @(posedge clk) sum_q <= chain_i + {{(SUM_BITS-2*BITS){product[2*BITS-1]}}, product};
endmodule
