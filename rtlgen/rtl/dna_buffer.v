// Buffer of SLOTS single-port memories of 128-bit words. Two: one side writes `write_slot_i`, the other reads
// `read_slot_i`. One: both name the same memory, and take turns. They never meet in a memory (checked under DNA_CHECKS).
module dna_buffer #(
    parameter WORDS = 512,
    parameter ADDR  = 9,
    parameter SLOTS = 2,
    parameter BANKS = 1    // of each memory
) (
    input  wire            clk,
    input  wire            write_i,
    input  wire            write_slot_i,
    input  wire [15:0]     write_mask_i,
    input  wire [ADDR-1:0] write_addr_i,
    input  wire [127:0]    write_data_i,
    input  wire            read_i,
    input  wire            read_slot_i,
    input  wire [ADDR-1:0] read_addr_i,
    output wire [127:0]    read_data_o      // one cycle after read_i
);
    wire [SLOTS*128-1:0] data;
    genvar h;
    generate
        for (h = 0; h < SLOTS; h = h + 1) begin : gen_half
            wire write = write_i && (SLOTS == 1 || write_slot_i == (h != 0));
            wire read  = read_i && (SLOTS == 1 || read_slot_i == (h != 0));
            dna_banks #(.WORDS(WORDS), .BITS(128), .ADDR(ADDR), .BANKS(BANKS)) u_banks (
                .clk(clk), .write_i(write), .write_mask_i(write_mask_i), .write_addr_i(write_addr_i),
                .write_data_i(write_data_i), .read_i(read), .read_addr_i(read_addr_i), .read_data_o(data[h*128 +: 128]));
        end
        if (SLOTS == 1) begin : gen_single
            wire unused_slots = &{1'b0, write_slot_i, read_slot_i};
            assign read_data_o = data;
        end else begin : gen_double
            reg slot_q;
            always @(posedge clk) if (read_i) slot_q <= read_slot_i;
            assign read_data_o = slot_q ? data[128 +: 128] : data[0 +: 128];
        end
    endgenerate
endmodule
