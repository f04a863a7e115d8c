// Processing element of the row-stationary array (T4): its part of a filter row stays in a register file and is walked once
// an output pixel; the sum of a step moves into the total, which then takes over the totals of the filter rows above, one row
// a cycle down the chain, while the next step accumulates.
// Timing: operand and read weight registered at t, product t + PE_CUT, sum one later, total two later. `first_i` goes with the product,
// `transfer_i` with the finished sum, `join_i` with the finished total of the row above.
module dna_pe_rs #(
    parameter BITS     = 8,
    parameter PE_CUT   = 1,
    parameter DEPTH    = 16,    // weights of two sets
    parameter RADDR    = 4,     // log2(DEPTH)
    parameter SUM_BITS = 24
) (
    input  wire                clk,
    input  wire [BITS-1:0]     x_i,
    input  wire [BITS-1:0]     w_i,
    input  wire                write_i,
    input  wire [RADDR-1:0]    place_i,
    input  wire [RADDR-1:0]    read_i,
    input  wire                use_i,         // a MAC; else the operand is multiplied by 0
    input  wire                first_i,
    input  wire                transfer_i,
    input  wire                join_i,
    input  wire [SUM_BITS-1:0] chain_i,
    output wire [SUM_BITS-1:0] chain_o
);
    reg [BITS-1:0] weights [0:DEPTH-1];
    always @(posedge clk) if (write_i) weights[place_i] <= w_i;

    reg [BITS-1:0]      x_q, w_q;
    wire [SUM_BITS-1:0] product;
    reg [SUM_BITS-1:0]      sum_q, total_q;
    assign chain_o = total_q;
    generate
        if (PE_CUT != 0) begin : gen_cut
            wire [2*BITS-1:0] product_now;
            reg  [2*BITS-1:0] product_q;
            dna_product #(.BITS(BITS), .OUT_BITS(2*BITS)) u_product (.a_i(x_q), .b_i(w_q), .product_o(product_now));
            always @(posedge clk) product_q <= product_now;
            assign product = {{(SUM_BITS-2*BITS){product_q[2*BITS-1]}}, product_q};
        end else begin : gen_no_cut
            dna_product #(.BITS(BITS), .OUT_BITS(SUM_BITS)) u_product (.a_i(x_q), .b_i(w_q), .product_o(product));
        end
    endgenerate

    always @(posedge clk) begin
        x_q <= x_i;
        w_q <= weights[read_i] & {BITS{use_i}};
        sum_q <= (sum_q & {SUM_BITS{~first_i}}) + product;
        if (transfer_i) total_q <= sum_q;
        else if (join_i) total_q <= total_q + chain_i;
    end
endmodule
