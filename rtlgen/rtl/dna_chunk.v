// One processing chunk: load, compute and store engines around the array, connected by tokens. One AXI4 master.
module dna_chunk #(
    parameter TEMPLATE     = 3,     // 1 dot lanes, 2 systolic weight-stationary, 3 output array, 4 row-stationary
    parameter ROWS         = 16,
    parameter LOG          = 4,     // log2(ROWS)
    parameter BANKS        = 16,    // lanes of the input buffer, a memory each
    parameter BANK         = 4,     // address bits of the banks, at least 1
    parameter CUT          = 2,     // levels of an adder tree between registers (TEMPLATE 1)
    parameter PSUM         = 64,    // partial sums of a column (TEMPLATE 1, 2, 4)
    parameter PADDR        = 6,     // log2(PSUM)
    parameter DEPTH        = 16,    // weights of a PE (TEMPLATE 4)
    parameter RADDR        = 4,     // log2(DEPTH)
    parameter COLS         = 16,
    parameter BITS         = 8,     // of an operand
    parameter MB           = 16,    // of the requantisation multiplier
    parameter DIGIT        = 8,     // multiplier bits of a partial product
    parameter LEVELS       = 1,     // log2(MB / DIGIT)
    parameter PE_CUT       = 1,     // a register behind the PEs' multipliers
    parameter ACC_BITS     = 28,
    parameter MAX_POOL     = 0,     // PEs can take maxima
    parameter SPILL        = 0,     // partial sums can go to and come from DRAM (TEMPLATE 3)
    parameter SHARE        = 1,     // columns of a post-processing lane (TEMPLATE 1, 2, 3)
    parameter PACKED       = 0,     // layers can have two weights in the place of one
    parameter INPUT_SLOTS  = 2,     // tiles that the buffers hold: 1 or 2
    parameter WEIGHT_SLOTS = 2,
    parameter OUTPUT_SLOTS = 2,     // also of the residual buffer
    parameter INPUT_BANKS  = 1,     // of each memory of the buffers: 1, 2, 4 or 8
    parameter WEIGHT_BANKS = 1,
    parameter OUTPUT_BANKS = 1,     // also of the residual buffer
    parameter INPUT_WORDS  = 64,
    parameter IADDR        = 6,
    parameter WEIGHT_WORDS = 512,
    parameter WADDR        = 9,
    parameter OUTPUT_WORDS = 512,
    parameter OADDR        = 9,
    parameter AXI          = 128,   // bits of a beat
    parameter SPLIT        = 0,     // log2 of the beats of a word
    parameter LOCAL        = 0,     // descriptors come from a memory of the chip
    parameter DADDR        = 10,    // address bits of its words
    parameter COUNTERS     = 1
) (
    input  wire         clk,
    input  wire         rst_n,
    input  wire         start_i,
    input  wire [31:0]  descriptor_base_i,
    output wire         busy_o,
    output reg          done_o,
    output reg          bus_error_o,        // a read or write was answered SLVERR or DECERR since the start
    output reg  [15:0]  descriptors_done_o,
    output wire         layer_done_o,
    input  wire [4:0]   counter_index_i,
    output wire [31:0]  counter_o,
    // memory of descriptors: data a cycle behind the read, kept until the next one (LOCAL)
    output wire         descriptor_read_o,
    output wire [DADDR-1:0] descriptor_addr_o,
    input  wire [127:0] descriptor_data_i,
    output wire         arvalid_o,
    input  wire         arready_i,
    output wire [31:0]  araddr_o,
    output wire [7:0]   arlen_o,
    input  wire         rvalid_i,
    output wire         rready_o,
    input  wire [AXI-1:0] rdata_i,
    input  wire         rlast_i,
    input  wire [1:0]   rresp_i,
    output wire         awvalid_o,
    input  wire         awready_i,
    output wire [31:0]  awaddr_o,
    output wire [7:0]   awlen_o,
    output wire         wvalid_o,
    input  wire         wready_i,
    output wire [AXI-1:0] wdata_o,
    output wire [AXI/8-1:0] wstrb_o,
    output wire         wlast_o,
    input  wire         bvalid_i,
    output wire         bready_o,
    input  wire [1:0]   bresp_i
);
    // ---- Run state and the barrier between layers.
    wire load_idle, store_idle, descriptor_write;
    wire read_beat = rvalid_i && rready_o;
    wire unused_responses = &{1'b0, rresp_i[0], bresp_i[0]};   // OKAY or EXOKAY, SLVERR or DECERR
    wire [3:0]   descriptor_beat;
    wire [127:0] fill_data;
    reg [2:0] pending_q;      // descriptors fetched and not completely stored
    reg       running_q;
    wire descriptor_in = descriptor_write && descriptor_beat == 4'd15;
    wire finished = running_q && load_idle && store_idle && pending_q == 3'd0 && !start_i;
    assign busy_o = running_q;
    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) begin
            pending_q          <= 3'd0;
            running_q          <= 1'b0;
            done_o             <= 1'b0;
            bus_error_o        <= 1'b0;
            descriptors_done_o <= 16'd0;
        end else begin
            if (descriptor_in && !layer_done_o) pending_q <= pending_q + 3'd1;
            else if (layer_done_o && !descriptor_in) pending_q <= pending_q - 3'd1;
            if (start_i) running_q <= 1'b1;
            else if (finished) running_q <= 1'b0;
            if (start_i) done_o <= 1'b0;
            else if (finished) done_o <= 1'b1;
            if (start_i) bus_error_o <= 1'b0;
            else if ((read_beat && rresp_i[1]) || (bvalid_i && bready_o && bresp_i[1])) bus_error_o <= 1'b1;
            if (start_i) descriptors_done_o <= 16'd0;
            else if (layer_done_o) descriptors_done_o <= descriptors_done_o + 16'd1;
        end
    end

    // ---- Load engine.
    wire compute_captured, store_captured;
    wire [9:0] rows_done, blocks_done;
    wire weight_free, input_free, residual_free, weight_take, input_take, residual_take;
    wire item, item_job_end;
    wire [1:0]  item_kind;
    wire [15:0] item_beats;
    wire [9:0]  item_row, item_rows, item_blocks;
    wire load_shift, load_drop_odd, load_narrow;
    wire [2:0]  load_log2_x, load_log2_y;
    wire [9:0]  load_in_width;
    wire [15:0] load_x_words, load_plane_words, load_block_words;
    wire fetch, local_valid, local_take;
    wire [31:0] fetch_addr;
    dna_load #(.OUTSTANDING(8), .SPLIT(SPLIT), .SPILL(SPILL), .LOCAL(LOCAL)) u_load (
        .clk(clk), .rst_n(rst_n), .start_i(start_i), .descriptor_addr_i(descriptor_base_i), .idle_o(load_idle),
        .fetch_o(fetch), .fetch_addr_o(fetch_addr), .write_i(descriptor_write), .beat_i(descriptor_beat), .data_i(fill_data),
        .descriptor_free_i(!compute_captured && !store_captured),
        .weight_free_i(weight_free), .input_free_i(input_free), .residual_free_i(residual_free),
        .weight_take_o(weight_take), .input_take_o(input_take), .residual_take_o(residual_take),
        .stored_i(pending_q == 3'd1), .storing_i(pending_q == 3'd2), .rows_done_i(rows_done), .blocks_done_i(blocks_done), .item_o(item), .item_kind_o(item_kind), .item_job_end_o(item_job_end),
        .item_beats_o(item_beats), .item_row_o(item_row), .item_rows_o(item_rows), .item_blocks_o(item_blocks),
        .shift_o(load_shift), .drop_odd_o(load_drop_odd), .narrow_o(load_narrow), .log2_x_o(load_log2_x),
        .log2_y_o(load_log2_y), .in_width_o(load_in_width), .x_words_o(load_x_words),
        .plane_words_o(load_plane_words), .block_words_o(load_block_words),
        .arvalid_o(arvalid_o), .arready_i(arready_i), .araddr_o(araddr_o), .arlen_o(arlen_o),
        .burst_done_i(read_beat && rlast_i));

    wire weight_write, weight_write_slot, residual_write, residual_write_slot, input_write, input_write_slot, loaded;
    wire [WADDR-1:0] weight_write_addr;
    wire [OADDR-1:0] residual_write_addr;
    wire [BANK-1:0]  input_write_bank;
    wire [IADDR-1:0] input_write_addr;
    wire [127:0]     input_write_data, input_write_pixels;
    localparam PIXELS = 32 / BITS, QUARTER = BITS == 16 ? 1 : BITS == 8 ? 2 : 3;    // of a narrow word
    wire [QUARTER-1:0] input_write_group;
    wire [PIXELS-1:0]  input_write_valid;
    wire [3:0]         input_write_words;
    dna_descriptor_source #(.LOCAL(LOCAL), .ADDR(DADDR)) u_descriptors (
        .clk(clk), .rst_n(rst_n), .fetch_i(fetch), .byte_i(fetch_addr), .read_o(descriptor_read_o),
        .addr_o(descriptor_addr_o), .valid_o(local_valid), .take_i(local_take));
    dna_fill #(.AXI(AXI), .SPLIT(SPLIT), .LOCAL(LOCAL), .PIXELS(PIXELS), .QUARTER(QUARTER), .WIDE(TEMPLATE == 3 ? 1 : 0), .LOG(BANK), .IADDR(IADDR), .WADDR(WADDR), .OADDR(OADDR)) u_fill (
        .clk(clk), .rst_n(rst_n), .item_i(item), .item_kind_i(item_kind), .item_job_end_i(item_job_end),
        .item_beats_i(item_beats), .item_row_i(item_row), .item_rows_i(item_rows), .item_blocks_i(item_blocks),
        .shift_i(load_shift), .drop_odd_i(load_drop_odd), .narrow_i(load_narrow), .log2_x_i(load_log2_x),
        .log2_y_i(load_log2_y), .in_width_i(load_in_width), .x_words_i(load_x_words),
        .plane_words_i(load_plane_words), .block_words_i(load_block_words),
        .rvalid_i(rvalid_i), .rready_o(rready_o), .rdata_i(rdata_i),
        .local_valid_i(local_valid), .local_take_o(local_take), .local_data_i(descriptor_data_i),
        .descriptor_o(descriptor_write), .descriptor_beat_o(descriptor_beat), .data_o(fill_data),
        .weight_write_o(weight_write), .weight_slot_o(weight_write_slot), .weight_addr_o(weight_write_addr),
        .residual_write_o(residual_write), .residual_slot_o(residual_write_slot), .residual_addr_o(residual_write_addr),
        .input_write_o(input_write), .input_slot_o(input_write_slot), .input_bank_o(input_write_bank),
        .input_addr_o(input_write_addr), .input_data_o(input_write_data), .input_group_o(input_write_group),
        .input_valid_o(input_write_valid), .input_pixels_o(input_write_pixels), .input_words_o(input_write_words), .loaded_o(loaded));

    // ---- Tokens between the engines.
    wire job_loaded, loaded_take, slot_free, slot_take, slot_release, input_release, weights_release;
    wire tile_ready, tile_take, part_done, tile_done, residual;
    reg [3:0] input_release_q, weights_release_q;     // the last reads are over
    always @(posedge clk or negedge rst_n) begin
        if (!rst_n) begin
            input_release_q   <= 4'd0;
            weights_release_q <= 4'd0;
        end else begin
            input_release_q   <= {input_release_q[2:0], input_release};
            weights_release_q <= {weights_release_q[2:0], weights_release};
        end
    end
    dna_token #(.BITS(2), .INITIAL(WEIGHT_SLOTS)) u_weight_slots (
        .clk(clk), .rst_n(rst_n), .give_i(weights_release_q[3]), .take_i(weight_take), .available_o(weight_free));
    dna_token #(.BITS(2), .INITIAL(INPUT_SLOTS)) u_input_slots (
        .clk(clk), .rst_n(rst_n), .give_i(input_release_q[3]), .take_i(input_take), .available_o(input_free));
    dna_token #(.BITS(2), .INITIAL(OUTPUT_SLOTS)) u_residual_slots (
        .clk(clk), .rst_n(rst_n), .give_i(tile_done && residual), .take_i(residual_take), .available_o(residual_free));
    dna_token #(.BITS(2), .INITIAL(OUTPUT_SLOTS)) u_output_slots (
        .clk(clk), .rst_n(rst_n), .give_i(slot_release), .take_i(slot_take), .available_o(slot_free));
    dna_token #(.BITS(3), .INITIAL(0)) u_jobs (
        .clk(clk), .rst_n(rst_n), .give_i(loaded), .take_i(loaded_take), .available_o(job_loaded));
    dna_token #(.BITS(11), .INITIAL(0)) u_tiles (    // parts of two tiles
        .clk(clk), .rst_n(rst_n), .give_i(part_done), .take_i(tile_take), .available_o(tile_ready));
    wire undrained;
    dna_token #(.BITS(2), .INITIAL(0)) u_draining (
        .clk(clk), .rst_n(rst_n), .give_i(loaded_take), .take_i(tile_done), .available_o(undrained));

    // ---- Compute engine.
    wire output_read, output_read_slot, weight_access, output_write, residual_read, busy, mac;
    wire [OADDR-1:0] output_read_addr;
    wire [127:0]     output_data;
    wire [BANKS-1:0] bank_read, rf_write;
    wire             psum_write, psum_read;
    generate
        if (TEMPLATE == 3) begin : gen_output_array
            dna_engine_os #(.ROWS(ROWS), .LOG(LOG), .COLS(COLS), .BITS(BITS), .MB(MB), .DIGIT(DIGIT), .LEVELS(LEVELS),
                            .PE_CUT(PE_CUT), .ACC_BITS(ACC_BITS), .MAX_POOL(MAX_POOL), .SPILL(SPILL), .SHARE(SHARE),
                            .PACKED(PACKED), .PIXELS(PIXELS), .QUARTER(QUARTER), .INPUT_SLOTS(INPUT_SLOTS), .WEIGHT_SLOTS(WEIGHT_SLOTS), .OUTPUT_SLOTS(OUTPUT_SLOTS),
                            .INPUT_BANKS(INPUT_BANKS), .WEIGHT_BANKS(WEIGHT_BANKS), .OUTPUT_BANKS(OUTPUT_BANKS),
                            .INPUT_WORDS(INPUT_WORDS), .IADDR(IADDR), .WEIGHT_WORDS(WEIGHT_WORDS), .WADDR(WADDR),
                            .OUTPUT_WORDS(OUTPUT_WORDS), .OADDR(OADDR)) u_engine (
                .clk(clk), .rst_n(rst_n), .descriptor_i(descriptor_write), .descriptor_beat_i(descriptor_beat),
                .captured_o(compute_captured), .drained_i(!undrained), .loaded_i(job_loaded), .loaded_take_o(loaded_take),
                .slot_free_i(slot_free), .slot_take_o(slot_take), .input_release_o(input_release),
                .weights_release_o(weights_release), .residual_o(residual), .part_done_o(part_done), .tile_done_o(tile_done),
                .input_write_i(input_write), .input_write_slot_i(input_write_slot), .input_write_bank_i(input_write_bank),
                .input_write_addr_i(input_write_addr), .input_write_data_i(input_write_data), .input_write_group_i(input_write_group),
                .input_write_valid_i(input_write_valid), .input_write_pixels_i(input_write_pixels), .weight_write_i(weight_write),
                .weight_write_slot_i(weight_write_slot), .weight_write_addr_i(weight_write_addr),
                .residual_write_i(residual_write), .residual_write_slot_i(residual_write_slot),
                .residual_write_addr_i(residual_write_addr), .fill_data_i(fill_data), .output_read_i(output_read),
                .output_read_slot_i(output_read_slot), .output_read_addr_i(output_read_addr), .output_data_o(output_data),
                .busy_o(busy), .mac_o(mac), .bank_read_o(bank_read), .weight_access_o(weight_access),
                .output_write_o(output_write), .residual_read_o(residual_read));
            assign {psum_write, psum_read, rf_write} = {(BANKS+2){1'b0}};
        end else if (TEMPLATE == 4) begin : gen_row_stationary
            dna_engine_rs #(.ROWS(ROWS), .LOG(LOG), .COLS(COLS), .BITS(BITS), .MB(MB), .DIGIT(DIGIT), .LEVELS(LEVELS),
                            .PE_CUT(PE_CUT), .DEPTH(DEPTH), .RADDR(RADDR), .PSUM(PSUM), .PADDR(PADDR),
                            .ACC_BITS(ACC_BITS), .PACKED(PACKED), .INPUT_SLOTS(INPUT_SLOTS), .WEIGHT_SLOTS(WEIGHT_SLOTS), .OUTPUT_SLOTS(OUTPUT_SLOTS),
                            .INPUT_BANKS(INPUT_BANKS), .WEIGHT_BANKS(WEIGHT_BANKS), .OUTPUT_BANKS(OUTPUT_BANKS),
                            .INPUT_WORDS(INPUT_WORDS), .IADDR(IADDR), .WEIGHT_WORDS(WEIGHT_WORDS),
                            .WADDR(WADDR), .OUTPUT_WORDS(OUTPUT_WORDS), .OADDR(OADDR)) u_engine (
                .clk(clk), .rst_n(rst_n), .descriptor_i(descriptor_write), .descriptor_beat_i(descriptor_beat),
                .captured_o(compute_captured), .drained_i(!undrained), .loaded_i(job_loaded), .loaded_take_o(loaded_take),
                .slot_free_i(slot_free), .slot_take_o(slot_take), .input_release_o(input_release),
                .weights_release_o(weights_release), .residual_o(residual), .part_done_o(part_done), .tile_done_o(tile_done),
                .input_write_i(input_write), .input_write_slot_i(input_write_slot), .input_write_bank_i(input_write_bank),
                .input_write_addr_i(input_write_addr), .input_write_data_i(input_write_data), .weight_write_i(weight_write),
                .weight_write_slot_i(weight_write_slot), .weight_write_addr_i(weight_write_addr),
                .residual_write_i(residual_write), .residual_write_slot_i(residual_write_slot),
                .residual_write_addr_i(residual_write_addr), .fill_data_i(fill_data), .output_read_i(output_read),
                .output_read_slot_i(output_read_slot), .output_read_addr_i(output_read_addr), .output_data_o(output_data),
                .busy_o(busy), .mac_o(mac), .bank_read_o(bank_read), .weight_access_o(weight_access),
                .output_write_o(output_write), .residual_read_o(residual_read), .psum_write_o(psum_write),
                .psum_read_o(psum_read), .rf_write_o(rf_write));
            wire unused_pixels = &{1'b0, input_write_group, input_write_valid, input_write_pixels};
        end else begin : gen_weight_stationary
            dna_engine_ws #(.SYSTOLIC(TEMPLATE == 2 ? 1 : 0), .ROWS(ROWS), .LOG(LOG), .COLS(COLS), .BITS(BITS), .MB(MB), .DIGIT(DIGIT),
                            .LEVELS(LEVELS), .PE_CUT(PE_CUT), .CUT(CUT), .SHARE(SHARE), .PSUM(PSUM),
                            .PADDR(PADDR), .ACC_BITS(ACC_BITS), .PACKED(PACKED), .INPUT_SLOTS(INPUT_SLOTS), .WEIGHT_SLOTS(WEIGHT_SLOTS), .OUTPUT_SLOTS(OUTPUT_SLOTS),
                            .INPUT_BANKS(INPUT_BANKS), .WEIGHT_BANKS(WEIGHT_BANKS), .OUTPUT_BANKS(OUTPUT_BANKS),
                            .INPUT_WORDS(INPUT_WORDS), .IADDR(IADDR),
                            .WEIGHT_WORDS(WEIGHT_WORDS), .WADDR(WADDR), .OUTPUT_WORDS(OUTPUT_WORDS),
                            .OADDR(OADDR)) u_engine (
                .clk(clk), .rst_n(rst_n), .descriptor_i(descriptor_write), .descriptor_beat_i(descriptor_beat),
                .captured_o(compute_captured), .drained_i(!undrained), .loaded_i(job_loaded), .loaded_take_o(loaded_take),
                .slot_free_i(slot_free), .slot_take_o(slot_take), .input_release_o(input_release),
                .weights_release_o(weights_release), .residual_o(residual), .part_done_o(part_done), .tile_done_o(tile_done),
                .input_write_i(input_write), .input_write_slot_i(input_write_slot), .input_write_bank_i(input_write_bank),
                .input_write_addr_i(input_write_addr), .input_write_data_i(input_write_data), .weight_write_i(weight_write),
                .weight_write_slot_i(weight_write_slot), .weight_write_addr_i(weight_write_addr),
                .residual_write_i(residual_write), .residual_write_slot_i(residual_write_slot),
                .residual_write_addr_i(residual_write_addr), .fill_data_i(fill_data), .output_read_i(output_read),
                .output_read_slot_i(output_read_slot), .output_read_addr_i(output_read_addr), .output_data_o(output_data),
                .busy_o(busy), .mac_o(mac), .bank_read_o(bank_read), .weight_access_o(weight_access),
                .output_write_o(output_write), .residual_read_o(residual_read), .psum_write_o(psum_write),
                .psum_read_o(psum_read));
            assign rf_write = 1'b0;
            wire unused_pixels = &{1'b0, input_write_group, input_write_valid, input_write_pixels};
        end
    endgenerate

    // ---- Store engine.
    wire store_waiting;
    dna_store #(.OADDR(OADDR), .AXI(AXI), .SPLIT(SPLIT)) u_store (
        .clk(clk), .rst_n(rst_n), .write_i(descriptor_write), .beat_i(descriptor_beat), .data_i(fill_data),
        .captured_o(store_captured), .tile_i(tile_ready), .tile_take_o(tile_take), .slot_release_o(slot_release),
        .layer_done_o(layer_done_o), .rows_done_o(rows_done), .blocks_done_o(blocks_done), .idle_o(store_idle), .waiting_o(store_waiting), .read_o(output_read),
        .read_slot_o(output_read_slot), .read_addr_o(output_read_addr), .read_data_i(output_data),
        .awvalid_o(awvalid_o), .awready_i(awready_i), .awaddr_o(awaddr_o), .awlen_o(awlen_o), .wvalid_o(wvalid_o),
        .wready_i(wready_i), .wdata_o(wdata_o), .wstrb_o(wstrb_o), .wlast_o(wlast_o), .bvalid_i(bvalid_i),
        .bready_o(bready_o));

    // ---- Counters.
    generate
        if (COUNTERS != 0) begin : gen_counters
            wire computing = busy || undrained || loaded_take;
            dna_perf #(.ROWS(BANKS)) u_perf (
                .clk(clk), .rst_n(rst_n), .clear_i(start_i), .run_i(running_q), .mac_i(mac),
                .busy_i(computing), .wait_load_i(!computing && store_waiting && !job_loaded),
                .wait_store_i(!computing && !(store_waiting && !job_loaded)),
                .read_beat_i(read_beat), .write_beat_i(wvalid_o && wready_i), .input_writes_i(input_write ? input_write_words : 4'd0),
                .input_read_i(bank_read), .weight_write_i(weight_write), .weight_read_i(weight_access),
                .output_write_i(output_write), .output_read_i(output_read), .residual_write_i(residual_write),
                .residual_read_i(residual_read), .psum_write_i(psum_write), .psum_read_i(psum_read),
                .rf_write_i(rf_write), .index_i(counter_index_i), .count_o(counter_o));
        end else begin : gen_no_counters
            wire unused_events = &{1'b0, input_write_words, counter_index_i, store_waiting, busy, mac, bank_read, weight_access,
                                   output_write, residual_read, psum_write, psum_read, rf_write};
            assign counter_o = 32'd0;
        end
    endgenerate
endmodule
