// Load engine, data side: takes item records in order and puts the arriving beats where they belong: descriptor registers,
// weight buffer, banks of the input buffer (stride 2: rows and columns de-interleaved into planes; narrow pictures: PIXELS
// a word, one a cycle, or all (stride 2: even, then odd ones) at once where they belong to neighbouring banks), residual buffer.
// LOCAL: the words of a descriptor come from a memory of the chip. They are taken when the items before it are complete;
// no beats are under way then, since nothing is requested between a descriptor's item and its arrival.
module dna_fill #(
    parameter PIXELS  = 4,   // pixels of a narrow beat: 2, 4 or 8
    parameter QUARTER = 2,   // log2(PIXELS)
    parameter WIDE    = 0,   // 1: neighbouring banks can be written at once
    parameter AXI   = 128,   // bits of a beat
    parameter SPLIT = 0,     // log2 of the beats of a word
    parameter LOCAL = 0,     // descriptors come from a memory of the chip
    parameter LOG   = 4,     // log2(ROWS)
    parameter IADDR = 6,
    parameter WADDR = 9,
    parameter OADDR = 9
) (
    input  wire             clk,
    input  wire             rst_n,
    // item records
    input  wire             item_i,
    input  wire [1:0]       item_kind_i,
    input  wire             item_job_end_i,
    input  wire [15:0]      item_beats_i,
    input  wire [9:0]       item_row_i, item_rows_i, item_blocks_i,
    // layer
    input  wire             shift_i, drop_odd_i, narrow_i,
    input  wire [2:0]       log2_x_i, log2_y_i,
    input  wire [9:0]       in_width_i,
    input  wire [15:0]      x_words_i, plane_words_i, block_words_i,
    // AXI read data
    input  wire             rvalid_i,
    output wire             rready_o,
    input  wire [AXI-1:0]   rdata_i,
    // words of descriptors that stand in the chip
    input  wire             local_valid_i,
    output wire             local_take_o,
    input  wire [127:0]     local_data_i,
    // descriptor beats
    output wire             descriptor_o,
    output wire [3:0]       descriptor_beat_o,
    output wire [127:0]     data_o,          // registered beat; also the write data of weights and residual
    // weight and residual buffers
    output wire             weight_write_o,
    output reg              weight_slot_o,
    output wire [WADDR-1:0] weight_addr_o,
    output wire             residual_write_o,
    output reg              residual_slot_o,
    output wire [OADDR-1:0] residual_addr_o,
    // input buffer
    output reg              input_write_o,
    output reg              input_slot_o,
    output reg  [LOG-1:0]   input_bank_o,
    output reg  [IADDR-1:0] input_addr_o,
    output reg  [127:0]     input_data_o,
    // pixels of a narrow word for banks that differ from input_bank_o in bits of input_group_o alone: bank b gets number b mod PIXELS
    output reg  [QUARTER-1:0] input_group_o,
    output reg  [PIXELS-1:0]  input_valid_o,
    output reg  [127:0]       input_pixels_o,
    output reg  [3:0]         input_words_o,   // banks that are written
    output reg              loaded_o         // a job's last item is complete
);
    localparam [1:0] DESCRIPTOR = 2'd0, WEIGHTS = 2'd1, INPUT = 2'd2, RESIDUAL = 2'd3;
    localparam BITS = 49;
    wire [1:0]  kind;
    wire        job_end;
    wire [15:0] last_beat;
    wire [9:0]  row, rows, last_block;
    wire        pop;                      // the item at work is complete
    reg         push_q, have_q;           // records are registered on their way in and out
    reg [BITS-1:0]  record_q, item_q;
    wire            next_valid, unused_full;
    wire [BITS-1:0] next_item;
    // Counts less one: what the last of them is compared with.
    wire [BITS-1:0] waiting   = {record_q[48:46], record_q[45:30] - 16'd1, record_q[29:10], record_q[9:0] - 10'd1};
    wire            next_take = next_valid && (!have_q || pop);
    assign {kind, job_end, last_beat, row, rows, last_block} = item_q;
    dna_fifo #(.BITS(BITS), .DEPTH(16), .ADDR(4)) u_items (
        .clk(clk), .rst_n(rst_n), .push_i(push_q), .data_i(waiting),
        .pop_i(next_take), .valid_o(next_valid), .full_o(unused_full), .data_o(next_item));
    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) {push_q, have_q} <= 2'd0;
        else begin
            push_q <= item_i;
            have_q <= next_take || (have_q && !pop);
        end
    end
    always @(posedge clk) begin
        record_q <= {item_kind_i, item_job_end_i, item_beats_i, item_row_i, item_rows_i, item_blocks_i};
        if (next_take) item_q <= next_item;
    end

    // Narrow words whose pixels are written at once; `halves_q`: the odd ones a cycle behind the even ones.
    localparam [3:0] ALL = PIXELS[3:0];
    reg wide_q, halves_q;
    reg [QUARTER-1:0] tail_q;                 // pixels of a row's last word, less one
    wire wide = WIDE != 0 && narrow_i && {29'd0, log2_x_i} + {31'd0, shift_i} >= QUARTER && !(QUARTER == 1 && shift_i);
    wire [9:0] last_x = in_width_i - 10'd1;
    always @(posedge clk) begin
        wide_q   <= wide;
        halves_q <= wide && shift_i;
        tail_q   <= last_x[QUARTER-1:0];
    end

    // One word waits in data_q, gathered from its beats; a narrow one stays for its pixels (fewer at the end of a row).
    reg         full_q;
    reg [127:0] data_q;
    reg [QUARTER-1:0] quarter_q;
    wire is_input = kind == INPUT;
    wire hold     = halves_q && !quarter_q[0];
    wire stay     = is_input && (wide_q ? hold : narrow_i && !(&quarter_q));
    wire row_end;
    wire work     = full_q && have_q;
    wire consume  = work && (!stay || row_end);
    wire word_end;                       // the beat completes a word
    wire [127:0] gathered, word;
    assign rready_o = !word_end || !full_q || consume;
    wire take       = rvalid_i && rready_o;
    generate
        if (SPLIT == 0) begin : gen_whole
            assign word_end = 1'b1;
            assign gathered = rdata_i;
        end else begin : gen_parts
            reg [SPLIT-1:0]   part_q;
            reg [127-AXI:0]   gather_q;
            assign word_end = &part_q;
            assign gathered = {rdata_i, gather_q};
            always @(posedge clk or negedge rst_n) begin
                if (!rst_n) part_q <= {SPLIT{1'b0}};
                else if (take) part_q <= part_q + 1'b1;
            end
            if (SPLIT == 1) begin : gen_two
                always @(posedge clk) if (take && !word_end) gather_q <= rdata_i;
            end else begin : gen_more
                always @(posedge clk) if (take && !word_end) gather_q <= {rdata_i, gather_q[127-AXI:AXI]};
            end
        end
    endgenerate
    generate
        if (LOCAL != 0) begin : gen_local
            assign local_take_o = local_valid_i && have_q && kind == DESCRIPTOR;
            assign word         = local_take_o ? local_data_i : gathered;
        end else begin : gen_bus
            wire unused_local = &{1'b0, local_valid_i, local_data_i};
            assign local_take_o = 1'b0;
            assign word         = gathered;
        end
    endgenerate
    wire word_take = (take && word_end) || local_take_o;
    assign data_o = data_q;
    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) full_q <= 1'b0;
        else if (word_take) full_q <= 1'b1;
        else if (consume) full_q <= 1'b0;
    end
    always @(posedge clk) begin
        if (word_take) data_q <= word;
        if (work && !consume) quarter_q <= quarter_q + 1'b1;
        else quarter_q <= {QUARTER{1'b0}};
    end

    // Linear items: beats of all blocks counted through.
    reg [15:0] beat_q;
    reg [9:0]  block_q;
    reg [15:0] linear_q;
    wire beat_last  = beat_q == last_beat;
    wire block_last = block_q == last_block;

    // Input items: position in the map.
    reg [9:0]  x_q, y_q, rows_left_q;
    reg [15:0] row_addr_q, block_addr_q;
    reg        fresh_q;                                   // position registers hold the next item's start
    wire [9:0] y_now    = fresh_q ? row : y_q;
    wire [9:0] rows_now = fresh_q ? rows : rows_left_q;
    wire [9:0] y_plane = shift_i ? y_now >> 1 : y_now;
    wire [9:0] x_plane = shift_i ? x_q >> 1 : x_q;
    reg [9:0] last_x_q;                                   // where a row's last word starts, or its last pixel
    always @(posedge clk) last_x_q <= wide ? {last_x[9:QUARTER], {QUARTER{1'b0}}} : last_x;
    wire last_word = x_q == last_x_q;
    assign row_end = last_word && !hold;
    wire [9:0] x_step = !wide_q ? 10'd1 : hold ? 10'd0 : PIXELS[9:0];
    wire rows_end  = row_end && rows_now == 10'd1;
    wire is_odd = x_q[0] || (wide_q && quarter_q[0]);
    wire odd_x = shift_i && is_odd;
    wire odd_y = shift_i && y_now[0];
    wire [9:0] y_mask = ~(10'h3ff << log2_y_i);
    wire [9:0] x_mask = ~(10'h3ff << log2_x_i);
    wire plane_step   = !shift_i || y_now[0];             // the next row has another y'
    wire word_step    = plane_step && (y_plane & y_mask) == y_mask;
    wire [15:0] plane = drop_odd_i ? 16'd0 : (odd_x ? plane_words_i : 16'd0) + (odd_y ? {plane_words_i[14:0], 1'b0} : 16'd0);
    wire [15:0] address = block_addr_q + row_addr_q + plane + {6'd0, x_plane >> log2_x_i};
    wire [9:0]  bank = (x_plane & x_mask) | ((y_plane & y_mask) << log2_x_i);
    wire unused_wide = &{1'b0, address, bank, linear_q};

    wire input_done  = work && is_input && rows_end && block_last;
    wire linear_done = work && !is_input && beat_last && block_last;
    assign pop = input_done || linear_done;

    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) begin
            beat_q       <= 16'd0;
            block_q      <= 10'd0;
            linear_q     <= 16'd0;
            x_q          <= 10'd0;
            row_addr_q   <= 16'd0;
            block_addr_q <= 16'd0;
            fresh_q      <= 1'b1;
        end else if (work) begin
            if (linear_done) begin    // not with input items: their end comes late in the cycle
                beat_q   <= 16'd0;
                linear_q <= 16'd0;
            end else if (!is_input) begin
                linear_q <= linear_q + 16'd1;
                beat_q   <= beat_last ? 16'd0 : beat_q + 16'd1;
            end
            if (pop) begin
                block_q      <= 10'd0;
                x_q          <= 10'd0;
                row_addr_q   <= 16'd0;
                block_addr_q <= 16'd0;
                fresh_q      <= 1'b1;
            end else if (is_input) begin
                fresh_q <= rows_end;
                x_q     <= row_end ? 10'd0 : x_q + x_step;
                if (rows_end) begin
                    block_q      <= block_q + 10'd1;
                    block_addr_q <= block_addr_q + block_words_i;
                    row_addr_q   <= 16'd0;
                end else if (row_end && word_step) begin
                    row_addr_q <= row_addr_q + x_words_i;
                end
            end else begin
                if (beat_last) block_q <= block_q + 10'd1;
            end
        end
    end
    always @(posedge clk) begin
        if (work && is_input) begin
            y_q         <= row_end ? y_now + 10'd1 : y_now;
            rows_left_q <= row_end ? rows_now - 10'd1 : rows_now;
        end
    end

    assign descriptor_o      = work && kind == DESCRIPTOR;
    assign descriptor_beat_o = beat_q[3:0];
    assign weight_write_o    = work && kind == WEIGHTS;
    assign weight_addr_o     = linear_q[WADDR-1:0];
    assign residual_write_o  = work && kind == RESIDUAL;
    assign residual_addr_o   = linear_q[OADDR-1:0];

    // Slots turn behind an item; the input slot is used one cycle later than its item, with the registered write.
    reg input_slot_q;
    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) begin
            weight_slot_o   <= 1'b0;
            residual_slot_o <= 1'b0;
            input_slot_q    <= 1'b0;
            input_write_o   <= 1'b0;
            loaded_o        <= 1'b0;
        end else begin
            if (pop && kind == WEIGHTS) weight_slot_o <= ~weight_slot_o;
            if (pop && kind == RESIDUAL) residual_slot_o <= ~residual_slot_o;
            if (pop && kind == INPUT) input_slot_q <= ~input_slot_q;
            input_write_o <= work && is_input && !(drop_odd_i && (is_odd || y_now[0]));
            loaded_o      <= pop && job_end;
        end
    end
    localparam PIXEL = 128 / PIXELS;
    wire [PIXEL-1:0] pixel = data_q[quarter_q*PIXEL +: PIXEL];
    wire [PIXEL-1:0] first = narrow_i ? pixel : data_q[PIXEL-1:0];    // of all banks but where a word is written at once
    always @(posedge clk) begin
        input_slot_o <= input_slot_q;
        input_bank_o <= bank[LOG-1:0];
        input_addr_o <= address[IADDR-1:0];
        input_data_o <= narrow_i ? {{(128-PIXEL){1'b0}}, pixel} : data_q;
        input_group_o <= !wide_q ? {QUARTER{1'b0}} : {QUARTER{1'b1}} >> halves_q;
        if (!wide_q) input_words_o <= 4'd1;
        else if (halves_q) input_words_o <= !last_word ? ALL >> 1 : quarter_q[0] ? odd_words : even_words;
        else input_words_o <= last_word ? tail_words : ALL;
    end
    wire [3:0] tail_words = {{(4-QUARTER){1'b0}}, tail_q} + 4'd1;
    wire [3:0] odd_words  = tail_words >> 1;
    wire [3:0] even_words = tail_words - odd_words;
    genvar p;
    generate
        for (p = 0; p < PIXELS; p = p + 1) begin : gen_pixel
            // Even and odd pixels each fill half of the banks' numbers, which come twice.
            localparam ONE = 1, NUMBER = p, EVEN = (2 * p) % PIXELS;
            wire [QUARTER-1:0] number = halves_q ? EVEN[QUARTER-1:0] | (quarter_q & ONE[QUARTER-1:0]) : NUMBER[QUARTER-1:0];
            always @(posedge clk) begin
                input_valid_o[p] <= !wide_q || !last_word || number <= tail_q;
                input_pixels_o[p*PIXEL +: PIXEL] <= wide_q ? data_q[number*PIXEL +: PIXEL] : first;
            end
        end
    endgenerate

`ifdef DNA_CHECKS
    always @(posedge clk) if (rst_n && local_take_o) begin
        if (rvalid_i) $fatal(1, "dna_fill: a beat on the bus while a descriptor comes from the chip");
        if (full_q && !consume) $fatal(1, "dna_fill: a word of a descriptor before the one before is consumed");
    end
`endif
endmodule
