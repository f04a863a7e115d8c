// AXI4-Lite: answers stay until they are taken, the read data with them; an accepted write or read gets one answer;
// a start is never given to a busy accelerator.
// module: dna_csr_axil
// setting: -
// induction: 2
// base: 2
// refute: 6
// broken: rtl/dna_csr_axil.v: `if (read) rvalid_o <= 1'b1;` -> `if (read && !write) rvalid_o <= 1'b1;`
// broken: rtl/dna_csr_axil.v: `else if (bready_i) bvalid_o <= 1'b0;` -> `else bvalid_o <= 1'b0;`
    reg f_past = 1'b0;
    always @(posedge clk) f_past <= 1'b1;
    always @* if (!f_past) assume(!rst_n);

    reg [7:0]  f_writes, f_reads;      // accepted minus answered
    reg        f_b_waits = 1'b0, f_r_waits = 1'b0, f_busy = 1'b0;
    reg [31:0] f_data;
    always @(posedge clk) begin
        f_writes  <= !rst_n ? 0 : f_writes + (awvalid_i && awready_o) - (bvalid_o && bready_i);
        f_reads   <= !rst_n ? 0 : f_reads + (arvalid_i && arready_o) - (rvalid_o && rready_i);
        f_b_waits <= rst_n && bvalid_o && !bready_i;
        f_r_waits <= rst_n && rvalid_o && !rready_i;
        f_data    <= rdata_o;
        f_busy    <= busy_i;
    end
    always @* if (f_past && rst_n) begin
        assert(!f_b_waits || bvalid_o);
        assert(!f_r_waits || (rvalid_o && rdata_o == f_data));
        assert(f_writes == bvalid_o && f_reads == rvalid_o);
        assert((awvalid_i && awready_o) == (wvalid_i && wready_o));
        assert(!start_o || !f_busy);
    end
