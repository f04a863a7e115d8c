// What follows from the pixels of a tile that are left when a block begins: {is it the tile's last block, its pixels, its last
// pixel, the last step of one of its sets}. A block has up to PSUM pixels; a set takes max(pixels, MIN_SET) steps, made even.
module dna_block_ends #(
    parameter PSUM    = 64,
    parameter MIN_SET = 16
) (
    input  wire [15:0] left_i,
    output wire [36:0] ends_o
);
    wire        whole  = left_i > PSUM[15:0];
    wire [11:0] pixels = whole ? PSUM[11:0] : left_i[11:0];
    wire [11:0] steps  = pixels < MIN_SET[11:0] ? MIN_SET[11:0] : pixels;

    assign ends_o = {!whole, pixels, pixels - 12'd1, (steps - 12'd1) | 12'd1};
endmodule
