// Reads descriptors from a memory of the chip: 16 words from the byte address given with fetch_i, offered one after the other, a
// word a cycle where they are taken at once. The memory answers a cycle behind its read and keeps its answer until the next one, so that
// the words are offered by the memory itself. The first is there two cycles behind fetch_i; the next fetch comes behind the last
// take. Without LOCAL nothing is ever read.
module dna_descriptor_source #(
    parameter LOCAL = 1,
    parameter ADDR  = 10           // address bits of the memory's words
) (
    input  wire            clk,
    input  wire            rst_n,
    input  wire            fetch_i,
    input  wire [31:0]     byte_i,
    output wire            read_o,
    output wire [ADDR-1:0] addr_o,
    output wire            valid_o,
    input  wire            take_i
);
    wire unused_address = &{1'b0, byte_i[31:ADDR+4], byte_i[3:0]};
    generate
        if (LOCAL != 0) begin : gen_local
            reg            valid_q;
            reg [4:0]      left_q;         // words still to be read
            reg [ADDR-1:0] addr_q;
            assign read_o  = left_q != 5'd0 && (!valid_q || take_i);
            assign addr_o  = addr_q;
            assign valid_o = valid_q;
            always @(posedge clk or negedge rst_n) begin
                if (!rst_n) begin
                    valid_q <= 1'b0;
                    left_q  <= 5'd0;
                end else begin
                    valid_q <= read_o || (valid_q && !take_i);
                    if (fetch_i) left_q <= 5'd16;
                    else if (read_o) left_q <= left_q - 5'd1;
                end
            end
            always @(posedge clk) begin
                if (fetch_i) addr_q <= byte_i[4 +: ADDR];
                else if (read_o) addr_q <= addr_q + 1'b1;
            end
`ifdef DNA_CHECKS
            always @(posedge clk) if (rst_n) begin
                if (fetch_i && (valid_q || left_q != 5'd0)) $fatal(1, "dna_descriptor_source: a fetch before the end of the one before");
                if (take_i && !valid_q) $fatal(1, "dna_descriptor_source: a word is taken that is not there");
            end
`endif
        end else begin : gen_bus
            wire unused_fetch = &{1'b0, clk, rst_n, fetch_i, byte_i[4 +: ADDR], take_i};
            assign read_o  = 1'b0;
            assign addr_o  = {ADDR{1'b0}};
            assign valid_o = 1'b0;
        end
    endgenerate
endmodule
