// Read requests: AR stays while it waits, no burst crosses 4 KiB, the bursts of a block cover it without gap or overlap,
// at most OUTSTANDING bursts are under way. The product of rows and words is left free: any number of beats.
// module: dna_load
// setting: OUTSTANDING=8
// induction: 2
// base: 4
// refute: 12
// free: rtl/dna_load.v: `wire [19:0] input_beats = rows_q * pitch_words;` -> `(* anyseq *) wire [19:0] input_beats;`
// broken: rtl/dna_load.v: `state_q == REQUEST && outstanding_q != LIMIT` -> `state_q == REQUEST && descriptor_free_i`
// broken: rtl/dna_load.v: `page = ~addr_q[4 +: PAGE]` -> `page = ~addr_q[4 +: PAGE] + 1'b1`
    reg f_past = 1'b0;
    always @(posedge clk) f_past <= 1'b1;
    always @* if (!f_past) assume(!rst_n);

    // Assumed of the program and the rest of the chunk: items of at least one beat and one block at whole words,
    // descriptors at multiples of their size and written only while they are awaited, no answer without a request.
    always @* if (rst_n) begin
        assume(!go || (go_beats != 0 && item_blocks_o != 0 && go_addr[3:0] == 0));
        assume(input_pitch[3:0] == 0 && residual_pitch[3:0] == 0 && descriptor_addr_i[7:0] == 0);
        assume(!write_i || state_q == ARRIVE);
        assume(!burst_done_i || outstanding_q != 0);
    end

    reg        f_waiting = 1'b0;
    reg [31:0] f_addr;
    reg [7:0]  f_len;
    reg [15:0] f_sent;     // beats of the block that are requested
    always @(posedge clk) begin
        f_waiting <= rst_n && arvalid_o && !arready_i;
        f_addr    <= araddr_o;
        f_len     <= arlen_o;
        if (go || block_sent) f_sent <= 16'd0;
        else if (sent) f_sent <= f_sent + {8'd0, arlen_o} + 16'd1;
    end
    wire [15:0] f_left = rest_q + 16'd1, f_block = block_rest_q + 16'd1;
    wire [12:0] f_end = {1'b0, araddr_o[11:0]} + {1'b0, arlen_o, 4'd0} + 13'd16;    // first byte behind the burst
    always @* if (f_past && rst_n) begin
        assert(!f_waiting || (arvalid_o && araddr_o == f_addr && arlen_o == f_len));
        assert(outstanding_q <= OUTSTANDING);
        if (state_q == REQUEST) begin
            assert(next_q == ARRIVE || next_q == ITEM_I || next_q == ITEM_R || next_q == CLIP);
            assert(f_left != 0 && blocks_q != 0 && f_block != 0);
            assert(addr_q[3:0] == 0 && block_addr_q[3:0] == 0 && (blocks_q == 1 || pitch_q[3:0] == 0));
            assert(addr_q == block_addr_q + {12'd0, f_sent, 4'd0});
            assert(f_sent + f_left == f_block && f_sent < f_block);
            assert({8'd0, arlen_o} < f_left);
        end
        if (arvalid_o) assert(f_end <= 13'd4096);
    end
