// One processing element of the output array (T3): registered operands, registered product, accumulator, and a drain
// register that takes the finished sum and then shifts towards row 0 while the next block accumulates.
// With MAX_POOL the sum may be the largest product instead (of weights 1: the product is the operand).
// Timing: operands at cycle t, product t+1, sum t+2. `first_i` goes with the product, `transfer_i` with the finished sum.
module dna_pe #(
    parameter ACC_BITS = 28,
    parameter MAX_POOL = 0
) (
    input  wire                clk,
    input  wire [7:0]          x_i,
    input  wire [7:0]          w_i,
    input  wire                max_i,
    input  wire                first_i,
    input  wire                transfer_i,
    input  wire [ACC_BITS-1:0] chain_i,
    output wire [ACC_BITS-1:0] chain_o
);
    reg signed [7:0]  x_q, w_q;
    reg signed [15:0] product_q;
    reg [ACC_BITS-1:0] sum_q, drain_q;

    wire [ACC_BITS-1:0] product = {{(ACC_BITS-16){product_q[15]}}, product_q};
    wire [ACC_BITS-1:0] kept    = sum_q & {ACC_BITS{~first_i}};
    wire [ACC_BITS-1:0] next;
    generate
        if (MAX_POOL != 0) begin : gen_max
            wire larger = $signed(product_q[7:0]) > $signed(sum_q[7:0]);
            assign next = max_i ? (first_i || larger ? product : sum_q) : kept + product;
        end else begin : gen_sum
            wire unused_max = max_i;
            assign next = kept + product;
        end
    endgenerate

    assign chain_o = drain_q;

    always @(posedge clk) begin
        x_q       <= x_i;
        w_q       <= w_i;
        product_q <= x_q * w_q;
        sum_q     <= next;
        drain_q   <= transfer_i ? sum_q : chain_i;
    end
endmodule
