// Store engine: writes finished output tiles to DRAM, in parts: some blocks of channels at a time as they are finished, or whole.
// Parts stand in the halves of the output buffer by turns, each where a whole tile would have it; in DRAM every channel
// block is one contiguous piece. Requests run ahead of the data, whose burst lengths wait in a FIFO.
// Lengths are counted in words; a burst never crosses a boundary of 4 KiB >> SPLIT.
// `rows_done_o` counts the output rows whose writes are answered, `blocks_done_o` the channel blocks, so that the next layer
// may read them before all are.
module dna_store #(
    parameter OADDR = 9,
    parameter AXI   = 128,   // bits of a beat
    parameter SPLIT = 0      // log2 of the beats of a word
) (
    input  wire             clk,
    input  wire             rst_n,
    // descriptor, store section (beats 12 and 13, words S0 to S7)
    input  wire             write_i,
    input  wire [3:0]       beat_i,
    input  wire [127:0]     data_i,
    output reg              captured_o,
    // hand-over
    input  wire             tile_i,            // a finished part of a tile waits
    output wire             tile_take_o,
    output wire             slot_release_o,    // its words are read
    output reg              layer_done_o,      // all of the descriptor's writes are answered
    output reg  [9:0]       rows_done_o,       // rows of the descriptor that are complete; 0 behind layer done
    output reg  [9:0]       blocks_done_o,     // the same of channel blocks
    output wire             idle_o,
    output wire             waiting_o,         // for a part of a tile
    // output buffer
    output wire             read_o,
    output reg              read_slot_o,
    output wire [OADDR-1:0] read_addr_o,
    input  wire [127:0]     read_data_i,
    // AXI write
    output wire             awvalid_o,
    input  wire             awready_i,
    output wire [31:0]      awaddr_o,
    output wire [7:0]       awlen_o,
    output wire             wvalid_o,
    input  wire             wready_i,
    output wire [AXI-1:0]   wdata_o,
    output wire [AXI/8-1:0] wstrb_o,
    output wire             wlast_o,
    input  wire             bvalid_i,
    output wire             bready_o
);
    localparam [2:0] IDLE = 3'd0, START = 3'd1, WAIT = 3'd2, SETUP = 3'd3, MOVE = 3'd4, FINISH = 3'd5;

    reg [255:0] next_q, active_q;
    wire unused_config = &{1'b0, active_q};
    wire take;
    always @(posedge clk) begin
        if (write_i && beat_i == 4'd12) next_q[127:0]   <= data_i;
        if (write_i && beat_i == 4'd13) next_q[255:128] <= data_i;
        if (take) active_q <= next_q;
    end
    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) captured_o <= 1'b0;
        else if (write_i && beat_i == 4'd15) captured_o <= 1'b1;
        else if (take) captured_o <= 1'b0;
    end
    wire        channels_outer = active_q[5];
    wire        whole          = active_q[7];               // tiles are finished all at once
    wire [9:0]  step           = {6'd0, active_q[13:10]};   // else: blocks of a part
    wire        half_last      = active_q[9];               // the last channel block has only its low half
    wire [9:0]  row_tiles      = active_q[32*1 +: 10];
    wire [9:0]  channel_tiles  = active_q[32*1+16 +: 10];
    wire [31:0] base           = active_q[32*2 +: 32];
    wire [31:0] y_step         = active_q[32*3 +: 32];
    wire [31:0] pitch          = active_q[32*4 +: 32];
    wire [31:0] c_step         = active_q[32*5 +: 32];
    wire [15:0] words_full     = active_q[32*6 +: 16];
    wire [15:0] words_last     = active_q[32*6+16 +: 16];
    wire [9:0]  blocks_full    = active_q[32*7 +: 10];
    wire [9:0]  blocks_last    = active_q[32*7+16 +: 10];
    wire [9:0]  rows_full      = active_q[16 +: 10];

    reg [2:0] state_q;
    wire row_last, channel_last, job_last, row_step, row_wrap, channel_step, channel_wrap;
    wire [3:0] unused_flags;
    wire job_done;
    dna_nest u_nest (
        .clk(clk), .start_i(state_q == START), .step_i(job_done), .row_tiles_i(row_tiles), .channel_tiles_i(channel_tiles),
        .channels_outer_i(channels_outer), .depthwise_i(1'b0), .shared_weights_i(1'b0),
        .row_last_o(row_last), .channel_last_o(channel_last), .job_last_o(job_last),
        .input_changed_o(unused_flags[0]), .weights_changed_o(unused_flags[1]),
        .input_released_o(unused_flags[2]), .weights_released_o(unused_flags[3]),
        .row_step_o(row_step), .row_wrap_o(row_wrap), .channel_step_o(channel_step), .channel_wrap_o(channel_wrap));

    reg [31:0] row_addr_q, channel_addr_q;
    always @(posedge clk) begin
        if (state_q == START || (job_done && row_wrap)) row_addr_q <= base;
        else if (job_done && row_step) row_addr_q <= row_addr_q + y_step;
        if (state_q == START || (job_done && channel_wrap)) channel_addr_q <= 32'd0;
        else if (job_done && channel_step) channel_addr_q <= channel_addr_q + c_step;
    end

    // Requests. `rest_q`: words of the block from here on, less one.
    reg [31:0] block_addr_q, addr_q;
    reg [15:0] words_q, block_rest_q, rest_q;
    reg [9:0]  blocks_q;
    reg        requesting_q;
    wire       lengths_full, length_valid;
    wire [7:0] length;
    wire [31:0] start_addr = row_addr_q + channel_addr_q;
    wire [15:0] words      = row_last ? words_last : words_full;
    wire [9:0]  blocks     = channel_last ? blocks_last : blocks_full;

    // Parts of a tile; blocks left are settled in WAIT, the part's own in SETUP.
    reg  [9:0] left_q, part_blocks_q;                        // blocks from this part on, of this part
    reg        first_q, part_last_q;
    wire       part_done;
    wire       rest = whole || left_q <= step;               // all that are left are this part
    wire [9:0] part_blocks = rest ? left_q : step;
    assign job_done = part_done && part_last_q;
    always @(posedge clk) begin
        if (state_q == START || part_done) first_q <= state_q == START || part_last_q;
        if (part_done) left_q <= left_q - step;
        else if (state_q == WAIT && first_q) left_q <= blocks;
        if (state_q == SETUP) {part_last_q, part_blocks_q} <= {rest, part_blocks};
    end
    localparam PAGE = 8 - SPLIT;                             // log2 of the words between boundaries
    wire [PAGE-1:0] page   = ~addr_q[4 +: PAGE];                  // words to the boundary, less one
    wire            more   = rest_q > {{(16-PAGE){1'b0}}, page};  // another burst of the block follows
    wire [PAGE-1:0] last   = more ? page : rest_q[PAGE-1:0];      // words of the burst, less one
    wire [7:0]      minus_one;
    generate
        if (SPLIT == 0) begin : gen_whole_length
            assign minus_one = last;
        end else begin : gen_split_length
            assign minus_one = {last, {SPLIT{1'b1}}};
        end
    endgenerate
    assign awvalid_o = requesting_q && !lengths_full;
    assign awaddr_o  = addr_q;
    assign awlen_o   = minus_one;
    wire sent       = awvalid_o && awready_i;
    wire block_sent = sent && !more;
    wire [31:0] next_block = block_addr_q + pitch;
    always @(posedge clk) begin
        if (state_q == SETUP && first_q) begin               // a later part goes on behind the one before
            words_q      <= words;
            block_rest_q <= words - 16'd1;
            {addr_q, block_addr_q, rest_q} <= {start_addr, start_addr, words - 16'd1};
        end else if (block_sent) begin
            {addr_q, block_addr_q, rest_q} <= {next_block, next_block, block_rest_q};
        end else if (sent) begin
            addr_q <= {addr_q[31:PAGE+4] + 1'b1, {(PAGE+4){1'b0}}};    // the burst ended at a boundary
            rest_q <= rest_q - {{(16-PAGE){1'b0}}, page} - 16'd1;
        end
    end
    always @(posedge clk) begin
        if (state_q == SETUP) blocks_q <= part_blocks;
        else if (block_sent) blocks_q <= blocks_q - 10'd1;
    end
    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) requesting_q <= 1'b0;
        else if (state_q == SETUP) requesting_q <= 1'b1;
        else if (block_sent && blocks_q == 10'd1) requesting_q <= 1'b0;
    end

    // Data: read ahead into a small FIFO; never more words under way than it holds.
    reg [OADDR-1:0] read_addr_q;
    reg [15:0]      read_left_q;
    reg [9:0]       read_blocks_q;
    reg             reading_q, arriving_q, half_q, arriving_half_q;
    reg [2:0]       room_q;
    wire            data_valid, unused_full;
    wire [128:0]    data;
    wire            beat = wvalid_o && wready_i;
    wire            word_end;                    // with the word's last beat
    wire            pop = beat && word_end;
    assign read_o      = reading_q && room_q != 3'd0;
    assign read_addr_o = read_addr_q;
    wire   read_block_end = read_o && read_left_q == 16'd1;
    wire   read_end       = read_block_end && read_blocks_q == 10'd1;
    dna_fifo #(.BITS(129), .DEPTH(4), .ADDR(2)) u_data (
        .clk(clk), .rst_n(rst_n), .push_i(arriving_q), .data_i({arriving_half_q, read_data_i}), .pop_i(pop),
        .valid_o(data_valid), .full_o(unused_full), .data_o(data));
    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) begin
            reading_q  <= 1'b0;
            arriving_q <= 1'b0;
            room_q     <= 3'd4;
        end else begin
            if (state_q == SETUP) reading_q <= 1'b1;
            else if (read_end) reading_q <= 1'b0;
            arriving_q <= read_o;
            if (read_o && !pop) room_q <= room_q - 3'd1;
            else if (pop && !read_o) room_q <= room_q + 3'd1;
        end
    end
    wire last_block_half = half_last && channel_last;
    always @(posedge clk) begin
        arriving_half_q <= half_q && read_blocks_q == 10'd1;
        if (state_q == SETUP) begin
            if (first_q) {read_addr_q, read_left_q} <= {{OADDR{1'b0}}, words};
            read_blocks_q <= part_blocks;
            half_q        <= last_block_half && rest;
        end else if (read_o) begin
            read_addr_q <= read_addr_q + 1'b1;
            read_left_q <= read_block_end ? words_q : read_left_q - 16'd1;
            if (read_block_end) read_blocks_q <= read_blocks_q - 10'd1;
        end
    end

    // Write channel: lengths tell where bursts end.
    reg [7:0] beat_q;
    wire burst_end = beat_q == length;
    dna_fifo #(.BITS(8), .DEPTH(4), .ADDR(2)) u_lengths (
        .clk(clk), .rst_n(rst_n), .push_i(sent), .data_i(minus_one), .pop_i(beat && burst_end),
        .valid_o(length_valid), .full_o(lengths_full), .data_o(length));
    assign wvalid_o = data_valid && length_valid;
    wire [15:0] strobes = data[128] ? 16'h00ff : 16'hffff;
    generate
        if (SPLIT == 0) begin : gen_whole
            assign word_end = 1'b1;
            assign wdata_o  = data[127:0];
            assign wstrb_o  = strobes;
        end else begin : gen_parts
            // Bursts start with a word: the low bits of the beat count tell the part.
            wire [SPLIT-1:0] part = beat_q[SPLIT-1:0];
            assign word_end = &part;
            assign wdata_o  = data[part*AXI +: AXI];
            assign wstrb_o  = strobes[part*(AXI/8) +: AXI/8];
        end
    endgenerate
    assign wlast_o  = burst_end;
    assign bready_o = 1'b1;
    reg [15:0] requested_q, answered_q;      // bursts of the descriptor
    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) begin
            beat_q      <= 8'd0;
        end else if (beat) begin
            beat_q      <= burst_end ? 8'd0 : beat_q + 8'd1;
        end
    end
    always @(posedge clk) begin
        if (state_q == START) begin
            requested_q <= 16'd0;
            answered_q  <= 16'd0;
        end else begin
            if (sent) requested_q <= requested_q + 16'd1;
            if (bvalid_i) answered_q <= answered_q + 16'd1;
        end
    end

    wire finished = requested_q == answered_q && !data_valid && !arriving_q;

    // A part is complete when its last burst is answered: with it the rows of the tile when it was the last block of the last
    // channel tile, its blocks when it was the last row tile.
    wire        row_valid, rows_full_fifo, row_all_blocks, row_all_rows;
    wire [15:0] row_burst;
    wire [9:0]  row_blocks;
    wire        row_pop = row_valid && answered_q >= row_burst;
    dna_fifo #(.BITS(28), .DEPTH(8), .ADDR(3)) u_rows (
        .clk(clk), .rst_n(rst_n), .push_i(part_done),
        .data_i({row_last, channel_last && part_last_q, part_blocks_q, requested_q}), .pop_i(row_pop), .valid_o(row_valid),
        .full_o(rows_full_fifo), .data_o({row_all_rows, row_all_blocks, row_blocks, row_burst}));
    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) {rows_done_o, blocks_done_o} <= 20'd0;
        else if (state_q == IDLE) {rows_done_o, blocks_done_o} <= 20'd0;   // with layer_done_o: no cycle without either
        else begin
            if (row_pop && row_all_blocks) rows_done_o <= rows_done_o + rows_full;
            if (row_pop && row_all_rows) blocks_done_o <= blocks_done_o + row_blocks;
        end
    end

    // A part is over when its last word is read; the layer when every burst is answered.
    assign take           = state_q == IDLE && captured_o;
    assign tile_take_o    = state_q == WAIT && tile_i;
    assign part_done      = state_q == MOVE && !reading_q && !requesting_q && !rows_full_fifo;
    assign slot_release_o = part_done;
    assign idle_o         = state_q == IDLE && !captured_o;
    assign waiting_o      = state_q == WAIT;
    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) begin
            state_q      <= IDLE;
            read_slot_o  <= 1'b0;
            layer_done_o <= 1'b0;
        end else begin
            layer_done_o <= 1'b0;
            case (state_q)
                IDLE:  if (take) state_q <= START;
                START: state_q <= WAIT;
                WAIT:  if (tile_i) state_q <= SETUP;
                SETUP: state_q <= MOVE;
                MOVE:  if (part_done) begin
                    state_q     <= job_done && job_last ? FINISH : WAIT;
                    read_slot_o <= ~read_slot_o;
                end
                FINISH: if (finished) begin
                    state_q      <= IDLE;
                    layer_done_o <= 1'b1;
                end
                default: state_q <= IDLE;
            endcase
        end
    end
endmodule
