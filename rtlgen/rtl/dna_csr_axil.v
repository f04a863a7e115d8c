// AXI4-Lite slave: control, status, design hash, counters, descriptor RAM.
//   0x00 id "DNA1"        0x04 status {bus error, done, busy}    0x08 control (write 1: start)
//   0x0c descriptor base  0x10 descriptors done         0x20..0x3c design hash, most significant word first
//   0x40..0xbc counters (dna_perf)
// With a descriptor RAM, written while the chip is not busy, else without effect:
//   0x14 byte address in it, a multiple of 4   0x18 data (write only): written there, then the address counts on
// Writes take address and data together, whole words whatever their strobes; one answer, always OKAY, is under way at a time.
module dna_csr_axil #(
    parameter [255:0] HASH = 256'd0,
    parameter RAM  = 0,     // a descriptor RAM
    parameter ADDR = 10     // address bits of its words of 128 bits
) (
    input  wire        clk,
    input  wire        rst_n,
    input  wire        awvalid_i,
    output wire        awready_o,
    input  wire [7:0]  awaddr_i,
    input  wire [2:0]  awprot_i,
    input  wire        wvalid_i,
    output wire        wready_o,
    input  wire [31:0] wdata_i,
    input  wire [3:0]  wstrb_i,
    output reg         bvalid_o,
    input  wire        bready_i,
    output wire [1:0]  bresp_o,
    input  wire        arvalid_i,
    output wire        arready_o,
    input  wire [7:0]  araddr_i,
    input  wire [2:0]  arprot_i,
    output reg         rvalid_o,
    input  wire        rready_i,
    output reg  [31:0] rdata_o,
    output wire [1:0]  rresp_o,
    output reg         start_o,
    output reg  [31:0] descriptor_base_o,
    input  wire        busy_i,
    input  wire        done_i,
    input  wire        bus_error_i,
    input  wire [15:0] descriptors_done_i,
    output wire [4:0]  counter_index_o,
    input  wire [31:0] counter_i,
    // descriptor RAM, in words of 32 bits
    output wire        ram_write_o,
    output wire [ADDR+1:0] ram_addr_o,
    output wire [31:0] ram_data_o
);
    wire write = awvalid_i && wvalid_i && !bvalid_o;
    wire read  = arvalid_i && !rvalid_o;
    assign awready_o = write;
    assign wready_o  = write;
    assign arready_o = read;
    assign counter_index_o = {araddr_i[7], araddr_i[5:2]};
    wire [255:0] hash = HASH;
    wire [2:0]   hash_word = ~araddr_i[4:2];
    wire unused_inputs = &{1'b0, awaddr_i[1:0], araddr_i[1:0], awprot_i, arprot_i, wstrb_i};
    assign bresp_o = 2'b00;
    assign rresp_o = 2'b00;

    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) begin
            bvalid_o          <= 1'b0;
            rvalid_o          <= 1'b0;
            start_o           <= 1'b0;
            descriptor_base_o <= 32'd0;
        end else begin
            start_o <= write && awaddr_i[7:2] == 6'h02 && wdata_i[0] && !busy_i;
            if (write && awaddr_i[7:2] == 6'h03) descriptor_base_o <= wdata_i;
            if (write) bvalid_o <= 1'b1;
            else if (bready_i) bvalid_o <= 1'b0;
            if (read) rvalid_o <= 1'b1;
            else if (rready_i) rvalid_o <= 1'b0;
        end
    end

    // A start leaves no gap: busy_i is there before the write behind it can be taken.
    generate
        if (RAM != 0) begin : gen_ram
            reg [ADDR+1:0] ram_addr_q;
            assign ram_write_o = write && awaddr_i[7:2] == 6'h06 && !busy_i;
            assign ram_addr_o  = ram_addr_q;
            always @(posedge clk or negedge rst_n) begin
                if (!rst_n) ram_addr_q <= {(ADDR+2){1'b0}};
                else if (write && awaddr_i[7:2] == 6'h05 && !busy_i) ram_addr_q <= wdata_i[ADDR+3:2];
                else if (ram_write_o) ram_addr_q <= ram_addr_q + 1'b1;
            end
        end else begin : gen_no_ram
            assign ram_write_o = 1'b0;
            assign ram_addr_o  = {(ADDR+2){1'b0}};
        end
    endgenerate
    assign ram_data_o = wdata_i;

    always @(posedge clk) if (read) begin
        if (araddr_i[7:6] != 2'b00) rdata_o <= counter_i;
        else if (araddr_i[5]) rdata_o <= hash[{hash_word, 5'd0} +: 32];
        else case (araddr_i[4:2])
            3'd0: rdata_o <= 32'h444e4131;
            3'd1: rdata_o <= {29'd0, bus_error_i, done_i, busy_i};
            3'd3: rdata_o <= descriptor_base_o;
            3'd4: rdata_o <= {16'd0, descriptors_done_i};
            3'd5: rdata_o <= {{(28-ADDR){1'b0}}, ram_addr_o, 2'b00};
            default: rdata_o <= 32'd0;
        endcase
    end
endmodule
