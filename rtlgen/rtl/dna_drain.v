// Drains finished blocks: a block's place in the output tile waits in a FIFO from its last MAC to its transfer into the
// drain chain; then one row leaves the array every BASE cycles (raw sums that go to or come from DRAM: every PACE cycles) and
// gets its address, row r being pixel (r mod X0, r / X0). Rows outside the tile are not written.
module dna_drain #(
    parameter LOG  = 4,
    parameter ADDR = 9,
    parameter BASE = 1,     // power of two
    parameter PACE = 1,     // the same, at least BASE
    parameter PACE_LOG = 1  // log2(PACE), at least 1
) (
    input  wire            clk,
    input  wire            rst_n,
    // a block's last MAC is issued
    input  wire            push_i,
    input  wire [ADDR-1:0] base_i,        // address of pixel (0, 0) of the block
    input  wire [5:0]      x_left_i,      // columns of the tile from the block's first one on (63 = many)
    input  wire [5:0]      y_left_i,
    input  wire            half_i,
    input  wire            fresh_i,       // of the first block of a unit
    input  wire            part_end_i,    // of the last block of a part of the tile
    input  wire            job_end_i,
    // the sums move into the chain at the next cycle but one
    input  wire            transfer_i,
    input  wire [2:0]      log2_x_i,
    input  wire [9:0]      out_width_i,
    input  wire            residual_i,
    input  wire            slow_i,        // PACE cycles a row
    output wire            shift_o,       // the rows move on at the next cycle but one
    // a row and the cycle of its pace, one cycle ahead
    output wire            ahead_o, ahead_half_o, ahead_slot_o,
    output wire [ADDR-1:0] ahead_addr_o,
    output wire [PACE_LOG-1:0] ahead_phase_o,
    // a row, aligned with the array's output
    output reg             valid_o,
    output reg  [ADDR-1:0] addr_o,
    output reg             half_o,
    output reg             slot_o,
    output reg             residual_slot_o,
    output reg             activate_o,    // parameters of the block's unit become active
    output reg             part_last_o,   // with the last row of a part of the tile
    output reg             last_o         // with the last row of a job
);
    localparam BITS = ADDR + 16;
    wire [BITS-1:0] head;
    wire            fresh = head[BITS-1];
    wire            unused_full, unused_valid;
    dna_fifo #(.BITS(BITS), .DEPTH(4), .ADDR(2)) u_blocks (
        .clk(clk), .rst_n(rst_n), .push_i(push_i), .data_i({fresh_i, job_end_i, part_end_i, half_i, y_left_i, x_left_i, base_i}),
        .pop_i(transfer_i), .valid_o(unused_valid), .full_o(unused_full), .data_o(head));

    reg            busy_q, half_q, part_end_q, job_end_q, slot_q, residual_slot_q;
    reg [LOG-1:0]  row_q;
    reg [5:0]      x_left_q, y_left_q;
    reg [ADDR-1:0] addr_q;

    wire [5:0] x_mask     = ~(6'h3f << log2_x_i);
    wire [5:0] lane_x     = {{(6-LOG){1'b0}}, row_q} & x_mask;
    wire [5:0] lane_y     = {{(6-LOG){1'b0}}, row_q} >> log2_x_i;
    wire       row_end    = lane_x == x_mask;
    wire       last_row   = row_q == {LOG{1'b1}};
    wire       on_tile     = busy_q && lane_x < x_left_q && lane_y < y_left_q;
    wire       begins;                       // first cycle of a row
    assign ahead_o      = on_tile;
    assign ahead_half_o = half_q;
    assign ahead_slot_o = residual_slot_q;
    assign ahead_addr_o = addr_q;
    generate
        if (PACE > 1) begin : gen_pace
            reg [PACE_LOG-1:0] phase_q;
            localparam [PACE_LOG-1:0] LAST = BASE[PACE_LOG-1:0] - 1'b1;
            always @(posedge clk) phase_q <= transfer_i || shift_o ? {PACE_LOG{1'b0}} : phase_q + 1'b1;
            assign begins  = phase_q == {PACE_LOG{1'b0}};
            assign shift_o = phase_q == (slow_i ? {PACE_LOG{1'b1}} : LAST);
            assign ahead_phase_o = phase_q;
        end else begin : gen_no_pace
            wire unused_slow = slow_i;
            assign begins  = 1'b1;
            assign shift_o = 1'b1;
            assign ahead_phase_o = {PACE_LOG{1'b0}};
        end
    endgenerate
    wire [ADDR-1:0] row_step;
    generate
        if (ADDR >= 10) begin : gen_wide
            assign row_step = {{(ADDR-10){1'b0}}, out_width_i} - {{(ADDR-6){1'b0}}, x_mask};
        end else begin : gen_narrow
            wire unused_width = &{1'b0, out_width_i};
            assign row_step = out_width_i[ADDR-1:0] - {{(ADDR-6){1'b0}}, x_mask};
        end
    endgenerate

    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) begin
            busy_q          <= 1'b0;
            slot_q          <= 1'b0;
            residual_slot_q <= 1'b0;
            valid_o         <= 1'b0;
            part_last_o     <= 1'b0;
            last_o          <= 1'b0;
            activate_o      <= 1'b0;
        end else begin
            if (transfer_i) busy_q <= 1'b1;
            else if (last_row && shift_o) busy_q <= 1'b0;
            valid_o     <= on_tile && begins;
            part_last_o <= busy_q && last_row && part_end_q && begins;
            last_o      <= busy_q && last_row && job_end_q && begins;
            activate_o  <= transfer_i && fresh;
            if (busy_q && last_row && shift_o) begin
                slot_q          <= slot_q ^ part_end_q;
                residual_slot_q <= residual_slot_q ^ (job_end_q && residual_i);
            end
        end
    end

    always @(posedge clk) begin
        if (transfer_i) begin
            {job_end_q, part_end_q, half_q, y_left_q, x_left_q, addr_q} <= head[BITS-2:0];
            row_q <= {LOG{1'b0}};
        end else if (shift_o) begin
            row_q  <= row_q + 1'b1;
            addr_q <= row_end ? addr_q + row_step : addr_q + 1'b1;
        end
        addr_o          <= addr_q;
        half_o          <= half_q;
        slot_o          <= slot_q;
        residual_slot_o <= residual_slot_q;
    end
endmodule
