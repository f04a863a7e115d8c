// Write requests and data: AW and W stay while they wait, no burst crosses 4 KiB, the bursts of a block cover it without
// gap or overlap, the small FIFOs neither overflow nor are read empty.
// What is proven of dna_fifo by itself (level, head stays) is assumed of its three instances here.
// module: dna_store
// setting: OADDR=5
// induction: 2
// base: 4
// refute: 10
// broken: rtl/dna_store.v: `requesting_q && !lengths_full` -> `requesting_q && !lengths_full && !bvalid_i`
// broken: rtl/dna_store.v: `page   = ~addr_q[4 +: PAGE]` -> `page   = ~addr_q[4 +: PAGE] + 1'b1`
// broken: rtl/dna_store.v: `room_q     <= 3'd4` -> `room_q     <= 3'd5`
    reg f_past = 1'b0;
    always @(posedge clk) f_past <= 1'b1;
    always @* if (!f_past) assume(!rst_n);

    // Assumed of the program: tiles of at least one word, tiles and parts of at least one block, whole words; of the chunk:
    // descriptors are written only when the one before is taken.
    always @* if (rst_n) begin
        assume(state_q != SETUP || (words != 0 && start_addr[3:0] == 0));
        assume(blocks != 0 && (whole || step != 0));
        assume(pitch[3:0] == 0);
    end

    // Levels of the FIFOs, and what follows from the proof of dna_fifo while nobody breaks its contract.
    reg [3:0] f_words, f_lengths, f_rows;
    always @(posedge clk) begin
        f_words   <= !rst_n ? 0 : f_words + arriving_q - pop;
        f_lengths <= !rst_n ? 0 : f_lengths + sent - (pop && burst_end);
        f_rows    <= !rst_n ? 0 : f_rows + part_done - row_pop;
    end
    reg         f_word_waits = 1'b0, f_length_waits = 1'b0;
    reg [128:0] f_word;
    reg [7:0]   f_length;
    always @(posedge clk) begin
        f_word_waits   <= rst_n && data_valid && !pop;
        f_word         <= data;
        f_length_waits <= rst_n && length_valid && !(pop && burst_end);
        f_length       <= length;
    end
    always @* if (f_past && rst_n) begin
        assume(data_valid == (f_words != 0));
        assume(length_valid == (f_lengths != 0) && lengths_full == (f_lengths == 4));
        assume(row_valid == (f_rows != 0) && rows_full_fifo == (f_rows == 8));
        assume(!f_word_waits || data == f_word);
        assume(!f_length_waits || length == f_length);
    end

    reg         f_aw_waits = 1'b0, f_w_waits = 1'b0;
    reg [39:0]  f_aw;
    reg [144:0] f_w;
    reg [15:0]  f_sent;
    always @(posedge clk) begin
        f_aw_waits <= rst_n && awvalid_o && !awready_i;
        f_aw       <= {awaddr_o, awlen_o};
        f_w_waits  <= rst_n && wvalid_o && !wready_i;
        f_w        <= {wlast_o, wstrb_o, wdata_o};
        if (state_q == SETUP || block_sent) f_sent <= 16'd0;
        else if (sent) f_sent <= f_sent + {8'd0, awlen_o} + 16'd1;
    end
    wire [15:0] f_left = rest_q + 16'd1;
    wire [12:0] f_end = {1'b0, awaddr_o[11:0]} + {1'b0, awlen_o, 4'd0} + 13'd16;    // first byte behind the burst
    always @* if (f_past && rst_n) begin
        assert(!f_aw_waits || (awvalid_o && {awaddr_o, awlen_o} == f_aw));
        assert(!f_w_waits || (wvalid_o && {wlast_o, wstrb_o, wdata_o} == f_w));
        // Contracts of the FIFOs.
        assert(f_words <= 4 && f_lengths <= 4 && f_rows <= 8);
        assert(room_q <= 4 && room_q + f_words + arriving_q == 4);
        assert(!arriving_q || f_words != 4 || pop);
        assert(!(requesting_q && state_q != MOVE) && !(reading_q && state_q != MOVE));
        if (requesting_q) begin
            assert(f_left != 0 && blocks_q != 0 && block_rest_q + 16'd1 == words_q && words_q != 0);
            assert(addr_q[3:0] == 0 && block_addr_q[3:0] == 0);
            assert(addr_q == block_addr_q + {12'd0, f_sent, 4'd0});
            assert(f_sent + f_left == words_q && f_sent < words_q);
            assert({8'd0, awlen_o} < f_left);
        end
        // No part is empty. Between the parts of a tile: at the begin of the next one.
        assert(!(state_q == MOVE) || (part_blocks_q != 0 && (part_last_q || (!whole && left_q > step))));
        assert(!(state_q == SETUP || (state_q == WAIT && !first_q)) || left_q != 0);
        if (!requesting_q && (state_q == MOVE || ((state_q == WAIT || state_q == SETUP) && !first_q))) begin
            assert(addr_q[3:0] == 0 && addr_q == block_addr_q && rest_q == block_rest_q);
            assert(block_rest_q + 16'd1 == words_q && words_q != 0);
        end
        if (awvalid_o) assert(f_end <= 13'd4096);
    end
