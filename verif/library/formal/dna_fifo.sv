// FIFO: the level is that of a counter, nothing is lost or reordered. The word that is pushed as number `f_mark` (chosen
// freely by the solver) is followed through the storage until it comes out.
// module: dna_fifo
// setting: BITS=5 DEPTH=4 ADDR=2
// induction: 2
// base: 4
// refute: 8
// broken: rtl/dna_fifo.v: `head_q == {~tail_q[ADDR], tail_q[ADDR-1:0]}` -> `head_q == {tail_q[ADDR], ~tail_q[ADDR-1:0]}`
// broken: rtl/dna_fifo.v: `data_o  = storage[tail_q[ADDR-1:0]]` -> `data_o  = storage[tail_q[ADDR-1:0] & 2'd1]`
    reg f_past = 1'b0;
    always @(posedge clk) f_past <= 1'b1;
    always @* if (!f_past) assume(!rst_n);

    // The user's side of the contract.
    reg [ADDR:0] f_level;
    always @* if (rst_n) begin
        assume(!pop_i || f_level != 0);
        assume(!push_i || f_level != DEPTH || pop_i);
    end
    always @(posedge clk) f_level <= !rst_n ? 0 : f_level + push_i - pop_i;

    (* anyconst *) reg [ADDR:0] f_mark;
    reg            f_inside;
    reg [BITS-1:0] f_word;
    always @(posedge clk) begin
        if (!rst_n) f_inside <= 1'b0;
        else if (push_i && head_q == f_mark) begin
            f_inside <= 1'b1;
            f_word   <= data_i;
        end else if (pop_i && tail_q == f_mark) f_inside <= 1'b0;
    end

    wire [ADDR:0] f_used = head_q - tail_q;
    wire [ADDR:0] f_ahead = f_mark - tail_q;     // words before the followed one
    always @* if (f_past && rst_n) begin
        assert(f_level <= DEPTH);
        assert(f_used == f_level);
        assert(valid_o == (f_level != 0));
        assert(full_o == (f_level == DEPTH));
        assert(!f_inside || f_ahead < f_level);
        assert(!f_inside || storage[f_mark[ADDR-1:0]] == f_word);
        assert(!(f_inside && f_ahead == 0) || data_o == f_word);
    end

    // What users of the FIFO rely on in their own proofs: its output stays until it is taken.
    reg            f_waiting = 1'b0;
    reg [BITS-1:0] f_head;
    always @(posedge clk) begin
        f_waiting <= rst_n && valid_o && !pop_i;
        f_head    <= data_o;
    end
    always @* if (f_past && rst_n && f_waiting) assert(valid_o && data_o == f_head);
