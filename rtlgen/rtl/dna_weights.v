// From the weight buffer to the columns: one vector of weights a MAC cycle, zero in all other cycles (so that idle PEs add
// nothing). A word holds one vector or two (VECTOR = 64), of packed layers twice as many, whose weights of half the width
// are widened here. The buffer holds a word for all of its vectors. Read at stage 4, data at stage 5, vector at stage 6.
module dna_weights #(
    parameter VECTOR = 128,   // bits of a vector: columns times operand bits
    parameter BITS   = 8,     // of an operand
    parameter PACKED = 0      // there are packed layers
) (
    input  wire              clk,
    input  wire              mac_i,        // stage 5
    input  wire              packed_i,     // the layer's weights are packed
    input  wire [PACKED:0]   part_i,       // stage 5: vector of the word
    input  wire [127:0]      data_i,
    output reg  [VECTOR-1:0] w_o
);
    localparam NARROW = BITS / 2;
    wire [VECTOR-1:0] whole;
    wire [VECTOR-1:0] vector;
    genvar c;
    generate
        if (VECTOR == 128) begin : gen_whole
            assign whole = data_i;
        end else begin : gen_halves
            assign whole = part_i[0] ? data_i[127:64] : data_i[63:0];
        end
        if (PACKED == 0) begin : gen_plain
            wire unused_controls = &{1'b0, packed_i, part_i};
            assign vector = whole;
        end else begin : gen_packed
            wire [VECTOR/2-1:0] narrow;
            if (VECTOR == 128) begin : gen_two
                wire unused_part = part_i[1];
                assign narrow = part_i[0] ? data_i[127:64] : data_i[63:0];
            end else begin : gen_four
                wire [63:0] half = part_i[1] ? data_i[127:64] : data_i[63:0];
                assign narrow = part_i[0] ? half[63:32] : half[31:0];
            end
            for (c = 0; c < VECTOR / BITS; c = c + 1) begin : gen_column
                wire [NARROW-1:0] weight = narrow[c*NARROW +: NARROW];
                assign vector[c*BITS +: BITS] = packed_i ? {{(BITS-NARROW){weight[NARROW-1]}}, weight}
                                                         : whole[c*BITS +: BITS];
            end
        end
    endgenerate
    always @(posedge clk) w_o <= vector & {VECTOR{mac_i}};
endmodule
