// Input buffer: ROWS banks of SLOTS memories of WORDS words, one word = the channels of one pixel. The load engine writes
// one word a cycle into the memories `write_slot_i`, or PIXELS short ones into neighbouring banks: those whose numbers differ
// from the written one's in bits of `write_group_i` alone. The array reads one word per bank from `read_slot_i`. With one slot
// both name the same memories, and take turns.
module dna_input_buffer #(
    parameter PIXELS = 4,     // short words of a word
    parameter QUARTER = 2,    // log2(PIXELS)
    parameter ROWS  = 16,
    parameter LOG   = 4,     // log2(ROWS)
    parameter WORDS = 64,
    parameter ADDR  = 6,
    parameter SLOTS = 2,
    parameter BANKS = 1    // of each memory
) (
    input  wire                 clk,
    input  wire                 write_i,
    input  wire                 write_slot_i,
    input  wire [LOG-1:0]       write_bank_i,
    input  wire [ADDR-1:0]      write_addr_i,
    input  wire [127:0]         write_data_i,    // its low part comes from write_pixels_i
    input  wire [QUARTER-1:0]   write_group_i,
    input  wire [PIXELS-1:0]    write_valid_i,   // bank b is written when number b mod PIXELS is valid
    input  wire [127:0]         write_pixels_i,  // and gets that one
    input  wire                 read_slot_i,
    input  wire [ROWS-1:0]      read_i,
    input  wire [ROWS*ADDR-1:0] read_addr_i,
    output wire [ROWS*128-1:0]  read_data_o      // one cycle after read_i
);
    localparam PIXEL = 128 / PIXELS;
    wire unused_data = &{1'b0, write_data_i, write_valid_i, write_pixels_i};   // fewer banks than pixels
    genvar b, h;
    generate
        for (b = 0; b < ROWS; b = b + 1) begin : gen_bank
            localparam NUMBER = b % PIXELS;
            localparam [31:0] BANK = b;
            wire [31:0] others = ({{(32-LOG){1'b0}}, write_bank_i} ^ BANK) & ~{{(32-QUARTER){1'b0}}, write_group_i};
            wire [127:0] wdata;
            assign wdata[PIXEL-1:0] = write_pixels_i[NUMBER*PIXEL +: PIXEL];
            if (PIXELS > 1) begin : gen_rest
                assign wdata[127:PIXEL] = write_data_i[127:PIXEL];
            end
            wire write_here = write_i && others == 32'd0 && write_valid_i[NUMBER];
            wire [SLOTS*128-1:0] data;
            for (h = 0; h < SLOTS; h = h + 1) begin : gen_half
                wire write = write_here && (SLOTS == 1 || write_slot_i == (h != 0));
                wire read  = read_i[b] && (SLOTS == 1 || read_slot_i == (h != 0));
                dna_banks #(.WORDS(WORDS), .BITS(128), .ADDR(ADDR), .BANKS(BANKS)) u_banks (
                    .clk(clk), .write_i(write), .write_mask_i(16'hffff), .write_addr_i(write_addr_i), .write_data_i(wdata),
                    .read_i(read), .read_addr_i(read_addr_i[b*ADDR +: ADDR]), .read_data_o(data[h*128 +: 128]));
            end
            if (SLOTS == 1) begin : gen_single
                assign read_data_o[b*128 +: 128] = data;
            end else begin : gen_double
                reg slot_q;
                always @(posedge clk) slot_q <= read_slot_i;
                assign read_data_o[b*128 +: 128] = slot_q ? data[128 +: 128] : data[0 +: 128];
            end
        end
        if (SLOTS == 1) begin : gen_unused
            wire unused_slots = &{1'b0, write_slot_i, read_slot_i};
        end
    endgenerate
endmodule
