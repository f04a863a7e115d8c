// Double buffer of two single-port halves of 128-bit words: one side writes half `write_slot_i`, the other reads
// `read_slot_i`. Both never meet in one half (checked under DNA_CHECKS).
module dna_buffer #(
    parameter WORDS = 512,
    parameter ADDR  = 9
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
    reg slot_q;
    always @(posedge clk) if (read_i) slot_q <= read_slot_i;

    genvar h;
    generate
        for (h = 0; h < 2; h = h + 1) begin : gen_half
            wire write = write_i && write_slot_i == (h != 0);
            wire read  = read_i && read_slot_i == (h != 0);
            wire [127:0] data;
            dna_sram_sp #(.WORDS(WORDS), .BITS(128), .ADDR(ADDR)) u_sram (
                .clk(clk), .en_i(write || read), .we_i(write), .mask_i(write_mask_i),
                .addr_i(write ? write_addr_i : read_addr_i), .wdata_i(write_data_i), .rdata_o(data));
`ifdef DNA_CHECKS
            always @(posedge clk) if (write === 1'b1 && read === 1'b1)
                $fatal(1, "dna_buffer: read and write meet in one half");
`endif
        end
    endgenerate
    assign read_data_o = slot_q ? gen_half[1].data : gen_half[0].data;
endmodule
