// Processing element of the dot lanes (T1): registered operand, double-buffered weight, registered product; the adder tree of
// its column is `dna_tree`. Timing: operand at cycle t, product t+1. `swap_i` goes with the operand of the first step of a
// set and makes the weight that was written before the active one.
module dna_pe_dot #(
    parameter BITS = 8
) (
    input  wire              clk,
    input  wire [BITS-1:0]   x_i,
    input  wire [BITS-1:0]   w_i,
    input  wire              load_i,
    input  wire              swap_i,
    output wire [2*BITS-1:0] product_o
);
    reg signed [BITS-1:0]   x_q, w_q;
    reg [BITS-1:0]          next_q;
    reg signed [2*BITS-1:0] product_q;

    assign product_o = product_q;

    always @(posedge clk) begin
        if (load_i) next_q <= w_i;
        if (swap_i) w_q <= next_q;
        x_q       <= x_i;
        product_q <= x_q * w_q;
    end
endmodule
