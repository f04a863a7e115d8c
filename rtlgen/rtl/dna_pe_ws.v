// Processing element of the weight-stationary arrays: registered operand, double-buffered weight, product (registered with
// PE_CUT). CHAIN = 1 (T2, systolic): the product joins the partial sum that moves down the column, one row a cycle; CHAIN = 0
// (T1, dot lanes): the product goes to the adder tree of the column (chain_i is left open). Timing: operand at cycle t,
// product t + PE_CUT, sum one later. `swap_i` goes with the operand of the first step of a set and makes the weight that was
// written before the active one.
module dna_pe_ws #(
    parameter CHAIN    = 1,
    parameter BITS     = 8,
    parameter PE_CUT   = 1,
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
    reg [BITS-1:0]      x_q, w_q, next_q;
    wire [OUT_BITS-1:0] product;

    always @(posedge clk) begin
        if (load_i) next_q <= w_i;
        if (swap_i) w_q <= next_q;
        x_q <= x_i;
    end

    generate
        if (PE_CUT != 0) begin : gen_cut
            wire [2*BITS-1:0] product_now;
            reg  [2*BITS-1:0] product_q;
            dna_product #(.BITS(BITS), .OUT_BITS(2*BITS)) u_product (.a_i(x_q), .b_i(w_q), .product_o(product_now));
            always @(posedge clk) product_q <= product_now;
            assign product = {{(OUT_BITS-2*BITS){product_q[2*BITS-1]}}, product_q};
        end else begin : gen_no_cut
            dna_product #(.BITS(BITS), .OUT_BITS(OUT_BITS)) u_product (.a_i(x_q), .b_i(w_q), .product_o(product));
        end
        if (CHAIN != 0) begin : gen_chain
            reg [OUT_BITS-1:0] sum_q;
            always @(posedge clk) sum_q <= chain_i + product;
            assign out_o = sum_q;
        end else begin : gen_product
            wire unused_chain = &{1'b0, chain_i};
            assign out_o = product;
        end
    endgenerate
endmodule
