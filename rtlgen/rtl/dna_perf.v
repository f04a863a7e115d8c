// Event counters of a chunk, 32 bits each, running from start to done:
//   0 cycles  1 compute  2 fill and drain  3 wait for load  4 wait for store  5 idle
//   6 read beats  7 write beats  8/9 input buffer writes/reads (bank accesses)  10/11 weight buffer writes/reads
//   12/13 output buffer writes/reads  14/15 residual buffer writes/reads  16/17 rows of partial sums written/read
//   18 register files written (array rows)
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
    input  wire [3:0]      input_writes_i,     // banks
    input  wire [ROWS-1:0] input_read_i,
    input  wire            weight_write_i, weight_read_i,
    input  wire            output_write_i, output_read_i,
    input  wire            residual_write_i, residual_read_i,
    input  wire            psum_write_i, psum_read_i,
    input  wire [ROWS-1:0] rf_write_i,
    input  wire [4:0]      index_i,
    output wire [31:0]     count_o
);
    localparam COUNTERS = 19;
    reg [32*COUNTERS-1:0] count_q /* verilator public_flat_rd */;
    wire idle = !mac_i && !busy_i && !wait_load_i && !wait_store_i;

    // Bank accesses and written array rows of a cycle, registered once.
    reg [5:0] reads_q, rows_q;
    reg [3:0] writes_q;
    integer i;
    reg [5:0] reads, rows;
    always @* begin
        reads = 6'd0;
        rows  = 6'd0;
        for (i = 0; i < ROWS; i = i + 1) begin
            reads = reads + {5'd0, input_read_i[i]};
            rows  = rows + {5'd0, rf_write_i[i]};
        end
    end
    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) {reads_q, rows_q, writes_q} <= 16'd0;
        else {reads_q, rows_q, writes_q} <= {reads, rows, input_writes_i};
    end

    // Events are registered, so that no path of the engines ends in a counter: counts are complete one cycle later.
    wire [COUNTERS-1:0] events = {1'b0, psum_read_i, psum_write_i, residual_read_i, residual_write_i, output_read_i,
                                  output_write_i, weight_read_i, weight_write_i, 1'b0, 1'b0, write_beat_i,
                                  read_beat_i, idle, wait_store_i, wait_load_i, busy_i && !mac_i, mac_i, 1'b1};
    reg [COUNTERS-1:0] events_q;
    reg                clear_q, run_q;
    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) begin
            events_q <= {COUNTERS{1'b0}};
            clear_q  <= 1'b0;
            run_q    <= 1'b0;
        end else begin
            events_q <= events;
            clear_q  <= clear_i;
            run_q    <= run_i;
        end
    end
    genvar c;
    generate
        for (c = 0; c < COUNTERS; c = c + 1) begin : gen_counter
            wire [31:0] step = (c == 8) ? {28'd0, writes_q} : (c == 9) ? {26'd0, reads_q} : (c == 18) ? {26'd0, rows_q} : {31'd0, events_q[c]};
            always @(posedge clk or negedge rst_n) begin
                if (!rst_n) count_q[32*c +: 32] <= 32'd0;
                else if (clear_q) count_q[32*c +: 32] <= 32'd0;
                else if (run_q) count_q[32*c +: 32] <= count_q[32*c +: 32] + step;
            end
        end
    endgenerate
    wire unused_event = &{1'b0, events_q[18], events_q[9], events_q[8]};
    wire [1023:0] counts = {{(1024-32*COUNTERS){1'b0}}, count_q};
    assign count_o = counts[{index_i, 5'd0} +: 32];
endmodule
