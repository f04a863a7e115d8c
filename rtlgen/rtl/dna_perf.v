// Event counters of a chunk, 32 bits each, running from start to done:
//   0 cycles  1 compute  2 fill and drain  3 wait for load  4 wait for store  5 idle
//   6 read beats  7 write beats  8/9 input buffer writes/reads (bank accesses)  10/11 weight buffer writes/reads
//   12/13 output buffer writes/reads  14/15 residual buffer writes/reads
// Classes 1 to 5 exclude each other and sum to 0.
module dna_perf #(
    parameter ROWS = 16
) (
    input  wire            clk,
    input  wire            rst_n,
    input  wire            clear_i,
    input  wire            run_i,
    input  wire            mac_i, busy_i, wait_load_i, wait_store_i,
    input  wire            read_beat_i, write_beat_i,
    input  wire            input_write_i,
    input  wire [ROWS-1:0] input_read_i,
    input  wire            weight_write_i, weight_read_i,
    input  wire            output_write_i, output_read_i,
    input  wire            residual_write_i, residual_read_i,
    input  wire [3:0]      index_i,
    output wire [31:0]     count_o
);
    reg [511:0] count_q /* verilator public_flat_rd */;
    wire idle = !mac_i && !busy_i && !wait_load_i && !wait_store_i;

    // Bank reads of a cycle, registered once.
    reg [5:0] reads_q;
    integer i;
    reg [5:0] reads;
    always @* begin
        reads = 6'd0;
        for (i = 0; i < ROWS; i = i + 1) reads = reads + {5'd0, input_read_i[i]};
    end
    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) reads_q <= 6'd0;
        else reads_q <= reads;
    end

    wire [15:0] events = {residual_read_i, residual_write_i, output_read_i, output_write_i, weight_read_i, weight_write_i,
                          1'b0, input_write_i, write_beat_i, read_beat_i, idle, wait_store_i, wait_load_i,
                          busy_i && !mac_i, mac_i, 1'b1};
    genvar c;
    generate
        for (c = 0; c < 16; c = c + 1) begin : gen_counter
            wire [31:0] step = (c == 9) ? {26'd0, reads_q} : {31'd0, events[c]};
            always @(posedge clk or negedge rst_n) begin
                if (!rst_n) count_q[32*c +: 32] <= 32'd0;
                else if (clear_i) count_q[32*c +: 32] <= 32'd0;
                else if (run_i) count_q[32*c +: 32] <= count_q[32*c +: 32] + step;
            end
        end
    endgenerate
    wire unused_event = events[9];
    assign count_o = count_q[{index_i, 5'd0} +: 32];
endmodule
