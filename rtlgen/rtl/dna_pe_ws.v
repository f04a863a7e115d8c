// Processing element of the weight-stationary arrays: registered operand, double-buffered weight, registered product.
// CHAIN = 1 (T2, systolic): the product joins the partial sum that moves down the column, one row a cycle; CHAIN = 0 (T1, dot
// lanes): the product goes to the adder tree of the column (chain_i is left open). Timing: operand at cycle t, product t+1,
// sum t+2. `swap_i` goes with the operand of the first step of a set and makes the weight that was written before the
// active one.
module dna_pe_ws #(
    parameter CHAIN    = 1,
    parameter BITS     = 8,
    parameter OUT_BITS = 20
) (
    input  wire                clk,
    input  wire [BITS-1:0]     x_i,
    input  wire [BITS-1:0]     w_i,
    input  wire                load_i,
    input  wire                swap_i,
    input  wire [OUT_BITS-1:0] chain_i,
    output wire [OUT_BITS-1:0] out_o
);
    reg signed [BITS-1:0]   x_q, w_q;
    reg [BITS-1:0]          next_q;
    reg signed [2*BITS-1:0] product_q;

    always @(posedge clk) begin
        if (load_i) next_q <= w_i;
        if (swap_i) w_q <= next_q;
        x_q       <= x_i;
        product_q <= x_q * w_q;
    end

    generate
        if (CHAIN != 0) begin : gen_chain
            reg [OUT_BITS-1:0] sum_q;
            always @(posedge clk) sum_q <= chain_i + {{(OUT_BITS-2*BITS){product_q[2*BITS-1]}}, product_q};
            assign out_o = sum_q;
        end else begin : gen_product
            wire unused_chain = &{1'b0, chain_i};
            assign out_o = product_q;
        end
    endgenerate
endmodule
