// Drains the steps of a row-stationary array: a step's place waits in a FIFO from its last MAC to the transfer of its sums;
// when the first group's chain has added up, one group a cycle is picked and gets its partial sum's entry and its address.
// Groups beyond the tile are not picked. Cycles are counted from the pick of a group (cycle 0); its sums are there at 2,
// its row of accumulators at 3.
module dna_drain_rs #(
    parameter LOG   = 4,
    parameter PADDR = 6,
    parameter ADDR  = 9
) (
    input  wire             clk,
    input  wire             rst_n,
    // a step's last MAC is issued
    input  wire             push_i,
    input  wire [ADDR-1:0]  addr_i,         // of group 0 in the output tile
    input  wire [PADDR-1:0] entry_i,        // partial sum of group 0
    input  wire [5:0]       groups_i,       // inside the tile
    input  wire             half_i,
    input  wire             start_i,        // first step of a block
    input  wire             first_i, last_i, // the step's set is the first or last of the block
    input  wire             job_end_i,
    // the sums move into the chain at the next cycle
    input  wire             transfer_i,
    // layer
    input  wire [5:0]       chain_i,
    input  wire [9:0]       out_width_i,
    // cycle 0
    output wire [LOG-1:0]   row_o,
    output wire             read_o,
    output wire [PADDR-1:0] read_entry_o,
    // cycle 2
    output wire             first_o, activate_o,
    // cycle 3
    output wire             write_o, valid_o,
    output wire [PADDR-1:0] write_entry_o,
    output wire [ADDR-1:0]  addr_o,
    output wire             half_o,
    output wire             job_end_o
);
    localparam BITS = ADDR + PADDR + 11;
    wire [BITS-1:0] head;
    wire            unused_full, unused_valid;
    dna_fifo #(.BITS(BITS), .DEPTH(4), .ADDR(2)) u_steps (
        .clk(clk), .rst_n(rst_n), .push_i(push_i),
        .data_i({job_end_i, start_i, first_i, last_i, half_i, groups_i, entry_i, addr_i}), .pop_i(transfer_i),
        .valid_o(unused_valid), .full_o(unused_full), .data_o(head));

    reg [5:0]       left_q, wait_q;
    reg             job_end_q, fresh_q, first_q, last_q, half_q;
    reg [PADDR-1:0] entry_q;
    reg [ADDR-1:0]  addr_q;
    reg [LOG-1:0]   row_q;
    wire pick = left_q != 6'd0 && wait_q == 6'd1;
    wire [ADDR-1:0] width;
    generate
        if (ADDR > 10) begin : gen_wide
            assign width = {{(ADDR-10){1'b0}}, out_width_i};
        end else begin : gen_narrow
            assign width = out_width_i[ADDR-1:0];
        end
    endgenerate
    wire unused_width = &{1'b0, out_width_i};

    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) left_q <= 6'd0;
        else if (transfer_i) left_q <= head[ADDR+PADDR +: 6];
        else if (pick) left_q <= left_q - 6'd1;
    end
    wire [LOG-1:0] chain_rows = chain_i[LOG-1:0];
    always @(posedge clk) begin
        if (transfer_i) begin
            {job_end_q, fresh_q, first_q, last_q, half_q} <= head[BITS-1 -: 5];
            {entry_q, addr_q} <= head[ADDR+PADDR-1:0];
            wait_q <= chain_i;
            row_q  <= chain_rows - 1'b1;
        end else begin
            if (wait_q != 6'd1) wait_q <= wait_q - 6'd1;
            if (pick) begin
                fresh_q <= 1'b0;
                entry_q <= entry_q + 1'b1;
                addr_q  <= addr_q + width;
                row_q   <= row_q + chain_rows;
            end
        end
    end
    assign row_o        = row_q;
    assign read_o       = pick && !first_q;
    assign read_entry_o = entry_q;

    localparam TAG = ADDR + PADDR + 5;
    reg [3:1]       pick_q;
    reg [3*TAG-1:0] tag_q;
    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) pick_q <= 3'd0;
        else pick_q <= {pick_q[2:1], pick};
    end
    always @(posedge clk)
        tag_q <= {tag_q[2*TAG-1:0], {job_end_q && left_q == 6'd1, fresh_q, first_q, last_q, half_q, entry_q, addr_q}};
    wire [TAG-1:0] tag2 = tag_q[TAG +: TAG], tag3 = tag_q[2*TAG +: TAG];
    assign first_o    = tag2[TAG-3];
    assign activate_o = pick_q[2] && tag2[TAG-2] && tag2[TAG-4];
    assign write_o    = pick_q[3] && !tag3[TAG-4];
    assign valid_o    = pick_q[3] && tag3[TAG-4];
    assign job_end_o  = valid_o && tag3[TAG-1];
    assign half_o     = tag3[TAG-5];
    assign {write_entry_o, addr_o} = tag3[ADDR+PADDR-1:0];
    wire unused_tags = &{1'b0, tag2, tag3};

`ifdef DNA_CHECKS
    always @(posedge clk) if (rst_n === 1'b1 && transfer_i === 1'b1 && (left_q > 6'd1 || (left_q == 6'd1 && !pick)))
        $fatal(1, "dna_drain_rs: sums are overwritten before they are drained");
`endif
endmodule
