// Token counter: `available_o` says whether more were given than taken; it never passes its ends.
// module: dna_token
// setting: BITS=2 INITIAL=2
// induction: 1
// base: 2
// refute: 6
// broken: rtl/dna_token.v: `else if (give_i && !take_i)` -> `else if (give_i)`
    reg f_past = 1'b0;
    always @(posedge clk) f_past <= 1'b1;
    always @* if (!f_past) assume(!rst_n);

    reg [15:0] f_given, f_taken;
    wire [15:0] f_level = f_given - f_taken;
    always @(posedge clk) begin
        f_given <= !rst_n ? INITIAL : f_given + give_i;
        f_taken <= !rst_n ? 0 : f_taken + take_i;
    end
    always @* if (rst_n) begin
        assume(!take_i || f_level != 0);
        assume(!give_i || take_i || f_level != (1 << BITS) - 1);
    end
    always @* if (f_past && rst_n) begin
        assert(f_level < (1 << BITS));
        assert(count_q == f_level[BITS-1:0]);
        assert(available_o == (f_level != 0));
    end
