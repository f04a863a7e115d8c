// One processing element of the output array (T3): registered operands, product (registered with PE_CUT), accumulator, and a
// drain register that takes the finished sum and then shifts towards row 0 while the next block accumulates (with HOLD: in
// cycles of `shift_i` only).
// The drain register takes the inverse of what it gets, as inverting multiplexers are the smaller ones: the chain's bits change sense
// from row to row. With INVERT `chain_i` is inverted, and so is the register of the sum, whose adder gives either.
// With MAX_POOL the sum may be the largest product instead (of weights 1: the product is the operand).
// Timing: operands at cycle t, product t + PE_CUT, sum one later. `first_i` goes with the product, `transfer_i` with the
// finished sum.
module dna_pe #(
    parameter BITS     = 8,
    parameter ACC_BITS = 28,
    parameter PE_CUT   = 1,
    parameter MAX_POOL = 0,
    parameter HOLD     = 0,
    parameter INVERT   = 0
) (
    input  wire                clk,
    input  wire [BITS-1:0]     x_i,
    input  wire [BITS-1:0]     w_i,
    input  wire                max_i,
    input  wire                first_i,
    input  wire                transfer_i,
    input  wire                shift_i,
    input  wire [ACC_BITS-1:0] chain_i,      // inverted with INVERT
    output wire [ACC_BITS-1:0] chain_o       // inverted without
);
    reg [BITS-1:0]     x_q, w_q;
    reg [ACC_BITS-1:0] sum_q, drain_q;

    localparam [ACC_BITS-1:0] SENSE = INVERT != 0 ? {ACC_BITS{1'b1}} : {ACC_BITS{1'b0}};
    wire [ACC_BITS-1:0] product;
    wire [ACC_BITS-1:0] kept = (sum_q ^ SENSE) & {ACC_BITS{~first_i}};
    wire [ACC_BITS-1:0] next;
    generate
        if (PE_CUT != 0) begin : gen_cut
            wire [2*BITS-1:0] product_now;
            reg  [2*BITS-1:0] product_q;
            dna_product #(.BITS(BITS), .OUT_BITS(2*BITS)) u_product (.a_i(x_q), .b_i(w_q), .product_o(product_now));
            always @(posedge clk) product_q <= product_now;
            assign product = {{(ACC_BITS-2*BITS){product_q[2*BITS-1]}}, product_q};
        end else begin : gen_no_cut
            dna_product #(.BITS(BITS), .OUT_BITS(ACC_BITS)) u_product (.a_i(x_q), .b_i(w_q), .product_o(product));
        end
        if (MAX_POOL != 0) begin : gen_max
            wire larger = $signed(product[BITS-1:0]) > $signed(sum_q[BITS-1:0] ^ SENSE[BITS-1:0]);
            assign next = max_i ? (first_i || larger ? product : sum_q ^ SENSE) : kept + product;
        end else begin : gen_sum
            wire unused_max = max_i;
            assign next = kept + product;
        end
    endgenerate

    assign chain_o = drain_q;
    generate
        if (HOLD != 0) begin : gen_slow_drain
            always @(posedge clk) if (transfer_i || shift_i) drain_q <= ~(transfer_i ? sum_q : chain_i);
        end else begin : gen_drain
            wire unused_shift = shift_i;
            always @(posedge clk) drain_q <= ~(transfer_i ? sum_q : chain_i);
        end
    endgenerate

    always @(posedge clk) begin
        x_q     <= x_i;
        w_q     <= w_i;
        sum_q   <= next ^ SENSE;
    end
endmodule
