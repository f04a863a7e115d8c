// Feeds one PE row: holds one word (the channels of one pixel; the pad value where the pixel is outside the map) and gives
// every column its operand: the selected channel (dense) or its own channel (depthwise).
// Controls come one cycle ahead of the data they belong to and are registered here, so that no control net leaves the
// row: load/valid/pad with the word, the select group with the held word.
module dna_lane #(
    parameter COLS   = 16,
    parameter BITS   = 8,
    parameter SELECT = 4      // log2 of the channels in a word
) (
    input  wire              clk,
    input  wire              load_i,       // one cycle before word_i
    input  wire [127:0]      word_i,
    input  wire              valid_i,      // with word_i
    input  wire [BITS-1:0]   pad_i,
    input  wire [SELECT-1:0] select_i,     // one cycle before the held word is used
    input  wire              depthwise_i,
    input  wire              half_i,
    output wire [COLS*BITS-1:0] x_o
);
    reg         load_q, depthwise_q, half_q;
    reg [SELECT-1:0] select_q;
    reg [127:0] hold_q;

    always @(posedge clk) begin
        load_q      <= load_i;
        select_q    <= select_i;
        depthwise_q <= depthwise_i;
        half_q      <= half_i;
        if (load_q) hold_q <= valid_i ? word_i : {(128/BITS){pad_i}};
    end

    wire [BITS-1:0] broadcast = hold_q[select_q*BITS +: BITS];
    wire [COLS*BITS-1:0] own;
    generate
        if (COLS*BITS == 128) begin : gen_whole
            wire unused_half = half_q;
            assign own = hold_q;
        end else begin : gen_halves
            assign own = half_q ? hold_q[127:64] : hold_q[63:0];
        end
    endgenerate

    assign x_o = depthwise_q ? own : {COLS{broadcast}};
endmodule
